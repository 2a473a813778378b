/* SPDX-License-Identifier: GPL-2.0 */
/* lists_line.c - the newest of what may be a million entries. */
#include "daemon/lists_line.h"

#include <string.h>

#include "report/json.h"

struct newest {
	const struct timeout *list[FEED_LISTED_MAX]; /* newest first */
	size_t count;
};

/* Of two of the same second the one that comes first stays first: an import costs one comparison
 * an entry. */
static void newest_add(struct newest *newest, const struct timeout *entry)
{
	size_t at = newest->count;

	if (at == FEED_LISTED_MAX && newest->list[at - 1]->since >= entry->since)
		return;
	while (at && newest->list[at - 1]->since < entry->since)
		at--;
	if (newest->count < FEED_LISTED_MAX)
		newest->count++;
	memmove(&newest->list[at + 1], &newest->list[at],
		(newest->count - at - 1) * sizeof(newest->list[0]));
	newest->list[at] = entry;
}

json_t *lists_line_part(const struct timeout_list *list)
{
	struct newest newest = {.count = 0};
	json_t *entries = json_array();

	for (size_t i = 0; i < list->count; i++)
		newest_add(&newest, &list->list[i]);
	for (size_t i = 0; i < newest.count; i++)
		json_append(&entries, json_timeout(newest.list[i]));
	return json_pack("{s:I, s:o}", "total", (json_int_t)list->count, "entries", entries);
}

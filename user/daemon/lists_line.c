/* SPDX-License-Identifier: GPL-2.0 */
/* lists_line.c - the newest of what may be a million entries. */
#include "daemon/lists_line.h"

#include <string.h>

#include "policy/cidr.h"
#include "policy/words.h"
#include "report/feed.h"
#include "util/json_clean.h"

struct newest {
	const struct timed *list[FEED_LISTED_MAX]; /* newest first */
	size_t count;
};

/* Of two of the same second the one that comes first stays first: an import costs one comparison
 * an entry. */
static void newest_add(struct newest *newest, const struct timed *entry)
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

static json_t *ms_make(int64_t ms)
{
	return ms ? json_integer(ms) : json_null();
}

static json_t *entry_make(const struct timed *entry)
{
	char source[CIDR_TEXT_MAX];
	json_t *object;

	cidr_format(entry->source.source, entry->source.length, source);
	object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "source", source, "expires_ms",
			   ms_make(entry->expires / 1000000), "who", json_clean(entry->who),
			   "since_ms", ms_make(entry->since * 1000), "reason",
			   json_clean(entry->reason));
	if (entry->port) {
		json_object_set_new(object, "id", json_integer(entry->id));
		json_object_set_new(object, "proto", json_string(word_of(words_l4, entry->l4)));
		json_object_set_new(object, "port", json_integer(entry->port));
	}
	return object;
}

json_t *lists_line_part(const struct timed_list *list)
{
	struct newest newest = {.count = 0};
	json_t *entries = json_array();

	for (size_t i = 0; i < list->count; i++)
		newest_add(&newest, &list->list[i]);
	for (size_t i = 0; i < newest.count; i++)
		json_array_append_new(entries, entry_make(newest.list[i]));
	return json_pack("{s:I, s:o}", "total", (json_int_t)list->count, "entries", entries);
}

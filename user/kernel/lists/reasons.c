/* SPDX-License-Identifier: GPL-2.0 */
/* reasons.c - one string for all of them, and back. */
#include "kernel/lists/reasons.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define RECORD	    "\x1e"
#define UNIT	    "\x1f"
#define SECONDS_MAX (INT64_MAX / TIMEOUT_SECOND)

void reasons_free(struct reasons *reasons)
{
	free(reasons->text);
	*reasons = (struct reasons){0};
}

static bool seconds_parse(const char *text, int64_t *ret)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (!digits || digits > 18 || text[digits] || strtoll(text, NULL, 10) > SECONDS_MAX)
		return false;
	*ret = strtoll(text, NULL, 10);
	return true;
}

/* "EXPIRES US WHO US SINCE US REASON" */
static bool reason_parse(char *record, struct reason *ret)
{
	const char *expires = strsep(&record, UNIT), *who = strsep(&record, UNIT),
		   *since = strsep(&record, UNIT), *text = record;
	struct reason reason = {.who = who, .text = text};

	if (!text || strpbrk(text, UNIT) || !seconds_parse(expires, &reason.expires) ||
	    !seconds_parse(since, &reason.since))
		return false;
	reason.expires *= TIMEOUT_SECOND;
	*ret = reason;
	return true;
}

int reasons_read(const struct timeout *entry, struct reasons *ret)
{
	struct reasons reasons = {.text = strdup(entry->reason ? entry->reason : ""), .count = 1};
	char *rest = reasons.text, *record;

	if (!reasons.text)
		return -ENOMEM;
	reasons.list[0] = (struct reason){
		.expires = entry->expires,
		.since = entry->since,
		.who = entry->who ? entry->who : "",
		.text = strsep(&rest, RECORD),
	};
	while ((record = strsep(&rest, RECORD)))
		if (reasons.count < REASONS_MAX &&
		    reason_parse(record, &reasons.list[reasons.count]))
			reasons.count++;
	*ret = reasons;
	return 0;
}

static bool ends_later(const struct reason *one, const struct reason *other)
{
	return other->expires && (!one->expires || one->expires > other->expires);
}

void reasons_drop_ended(struct reasons *reasons, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < reasons->count; i++)
		if (!reasons->list[i].expires || reasons->list[i].expires > now)
			reasons->list[kept++] = reasons->list[i];
	reasons->count = kept;
}

static struct reason *find(struct reasons *reasons, const char *text)
{
	for (size_t i = 0; i < reasons->count; i++)
		if (!strcmp(reasons->list[i].text, text))
			return &reasons->list[i];
	return NULL;
}

/* The place of the one that ends first, if that is before `reason` does. */
static struct reason *find_room(struct reasons *reasons, const struct reason *reason)
{
	struct reason *first = &reasons->list[0];

	if (reasons->count < REASONS_MAX)
		return &reasons->list[reasons->count++];
	for (size_t i = 1; i < reasons->count; i++)
		if (ends_later(first, &reasons->list[i]))
			first = &reasons->list[i];
	return ends_later(reason, first) ? first : NULL;
}

bool reasons_add(struct reasons *reasons, const struct reason *reason)
{
	struct reason *place = find(reasons, reason->text);

	if (place && !ends_later(reason, place))
		return false;
	if (!place)
		place = find_room(reasons, reason);
	if (!place)
		return false;
	*place = *reason;
	return true;
}

bool reasons_remove(struct reasons *reasons, const char *text)
{
	struct reason *found = find(reasons, text);

	if (!found)
		return false;
	*found = reasons->list[--reasons->count];
	return true;
}

static size_t main_find(const struct reasons *reasons)
{
	size_t last = 0;

	for (size_t i = 1; i < reasons->count; i++)
		if (ends_later(&reasons->list[i], &reasons->list[last]))
			last = i;
	return last;
}

int reasons_write(const struct reasons *reasons, struct timeout *entry, char **ret_text)
{
	size_t first = main_find(reasons), size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	fputs(reasons->list[first].text, out);
	for (size_t i = 0; i < reasons->count; i++) {
		const struct reason *reason = &reasons->list[i];

		if (i != first)
			fprintf(out, RECORD "%lld" UNIT "%s" UNIT "%lld" UNIT "%s",
				(long long)reason->expires / TIMEOUT_SECOND, reason->who,
				(long long)reason->since, reason->text);
	}
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	entry->expires = reasons->list[first].expires;
	entry->since = reasons->list[first].since;
	entry->who = reasons->list[first].who;
	entry->reason = text;
	*ret_text = text;
	return 0;
}

const char *reason_first(const struct timeout *entry, char ret[TIMEOUT_REASON_MAX + 1])
{
	snprintf(ret, TIMEOUT_REASON_MAX + 1, "%.*s", (int)strcspn(entry->reason, RECORD),
		 entry->reason);
	return ret;
}

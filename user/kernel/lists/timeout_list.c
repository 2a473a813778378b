/* SPDX-License-Identifier: GPL-2.0 */
/* timeout_list.c - sort, find, read and write timed entries. */
#include "kernel/lists/timeout_list.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rolewall/abi.h>

#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define COLUMNS_MAX 7
#define SECONDS_MAX (INT64_MAX / TIMEOUT_SECOND)
#define HEADING	    "#rolewall %s 2 %0*zu %0*zu\n"
#define DIGITS	    12 /* of a size in the heading */

uint64_t timeout_end(const struct timeout *entry, int64_t ahead)
{
	int64_t end = time_subtract(entry->expires, ahead);

	if (!entry->expires)
		return 0;
	return end > 0 ? end : 1;
}

int64_t timeout_expires(uint64_t end, int64_t ahead)
{
	if (!end)
		return 0;
	return time_add(end < INT64_MAX ? (int64_t)end : INT64_MAX, ahead);
}

void timeout_list_free(struct timeout_list *list)
{
	free(list->list);
	free(list->text);
	*list = (struct timeout_list){0};
}

int timeout_compare(const void *left, const void *right)
{
	const struct timeout *a = left, *b = right;
	int order = cidr_compare(&a->source, &b->source);

	if (!order)
		order = a->l4 - b->l4;
	return order ? order : a->port - b->port;
}

/*
 * The order of timeout_compare as three numbers, and where the entry stands: a million of these are
 * sorted four times as fast as the entries themselves, which lie too far apart for the cache.
 */
struct sort_key {
	uint64_t high, low; /* the source */
	uint32_t rest;	    /* length, protocol, port */
	uint32_t index;
};

static struct sort_key sort_key_of(const struct timeout *entry, size_t index)
{
	struct sort_key key = {
		.rest = (uint32_t)entry->source.length << 24 | (uint32_t)entry->l4 << 16 |
			entry->port,
		.index = (uint32_t)index,
	};

	memcpy(&key.high, entry->source.source, 8);
	memcpy(&key.low, entry->source.source + 8, 8);
	key.high = be64toh(key.high);
	key.low = be64toh(key.low);
	return key;
}

static bool is_same_key(const struct sort_key *a, const struct sort_key *b)
{
	return a->high == b->high && a->low == b->low && a->rest == b->rest;
}

/* The same ones in the order in which they stood. */
static int sort_key_compare(const void *left, const void *right)
{
	const struct sort_key *a = left, *b = right;

	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	if (a->rest != b->rest)
		return a->rest < b->rest ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static bool is_sorted(const struct timeout_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (timeout_compare(&list->list[i - 1], &list->list[i]) >= 0)
			return false;
	return true;
}

int timeout_sort(struct timeout_list *list)
{
	_free_ struct sort_key *keys = NULL;
	struct timeout *sorted;
	size_t kept = 0;

	if (is_sorted(list))
		return 0;
	keys = reallocarray(NULL, list->count, sizeof(*keys));
	sorted = reallocarray(NULL, list->count, sizeof(*sorted));
	if (!keys || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->count; i++)
		keys[i] = sort_key_of(&list->list[i], i);
	qsort(keys, list->count, sizeof(*keys), sort_key_compare);
	for (size_t i = 0; i < list->count; i++)
		if (i + 1 == list->count || !is_same_key(&keys[i], &keys[i + 1]))
			sorted[kept++] = list->list[keys[i].index];
	free(list->list);
	list->list = sorted;
	list->count = kept;
	return 0;
}

struct timeout *timeout_find(const struct timeout_list *list, const struct timeout *key)
{
	return list->count ? bsearch(key, list->list, list->count, sizeof(*key), timeout_compare)
			   : NULL;
}

int timeout_text_check(const char *noun, const char *text, size_t max, struct error *ret_error)
{
	if (strlen(text) > max)
		return error_set(ret_error, EINVAL, "%s is longer than %zu bytes", noun, max);
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return error_set(ret_error, EINVAL,
					 "%s has control characters, such as a tab or a new line",
					 noun);
	return 0;
}

/* Digits only, up to `max`. */
static bool number_parse(const char *text, uint64_t max, uint64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t number;

	if (!digits || digits > 19 || text[digits])
		return false;
	number = strtoull(text, NULL, 10);
	if (number > max)
		return false;
	*ret = number;
	return true;
}

/* "443/tcp" */
static bool service_parse(char *text, struct timeout *entry)
{
	char *slash = strchr(text, '/');
	uint64_t port;

	if (!slash)
		return false;
	*slash++ = '\0';
	for (const struct word *word = words_l4; word->word; word++)
		if (!strcmp(word->word, slash) && number_parse(text, 65535, &port) && port) {
			entry->l4 = (uint8_t)word->number;
			entry->port = (uint16_t)port;
			return true;
		}
	return false;
}

static size_t columns_split(char *line, char *ret[COLUMNS_MAX])
{
	size_t count = 0;
	char *column;

	while ((column = strsep(&line, "\t"))) {
		if (count == COLUMNS_MAX)
			return 0;
		ret[count++] = column;
	}
	return count;
}

static bool entry_parse(const struct timeout_format *format, char *line, struct timeout *ret)
{
	struct timeout entry = {0};
	char *columns[COLUMNS_MAX];
	uint64_t expires, since, id;

	entry.gone = *line == '-';
	line += entry.gone;
	if (columns_split(line, columns) != (format->has_ports ? 7 : 5) ||
	    cidr_parse(columns[0], &entry.source, NULL) ||
	    !number_parse(columns[1], SECONDS_MAX, &expires) ||
	    !number_parse(columns[3], SECONDS_MAX, &since))
		return false;
	entry.expires = (int64_t)expires * TIMEOUT_SECOND;
	entry.since = (int64_t)since;
	entry.who = columns[2];
	entry.reason = columns[4];
	if (format->has_ports) {
		/* What never ends is no opening. */
		if (!expires || !service_parse(columns[5], &entry) ||
		    !number_parse(columns[6], UINT32_MAX, &id))
			return false;
		entry.id = (uint32_t)id;
	}
	*ret = entry;
	return true;
}

static void damage_note(struct error *damage, const char *path, size_t line, const char *what)
{
	if (damage->what[0])
		return;
	error_set(damage, EINVAL, "%s", what);
	error_where(damage, "%s:%zu", path, line);
}

size_t timeout_heading_print(const struct timeout_format *format,
			     const struct timeout_heading *heading, char ret[TIMEOUT_HEADING_MAX])
{
	return (size_t)snprintf(ret, TIMEOUT_HEADING_MAX, HEADING, format->kind, DIGITS,
				heading->size, DIGITS, heading->base);
}

bool timeout_heading_parse(const struct timeout_format *format, const char *text,
			   struct timeout_heading *ret)
{
	char first[TIMEOUT_HEADING_MAX] = "", again[TIMEOUT_HEADING_MAX];
	struct timeout_heading heading;
	size_t length;

	strncpy(first, text, sizeof(first) - 1);
	if (sscanf(first, "#rolewall %*s 2 %zu %zu", &heading.size, &heading.base) != 2)
		return false;
	/* Only what would be written so again is a heading. */
	length = timeout_heading_print(format, &heading, again);
	if (strncmp(first, again, length) != 0 || heading.base < length ||
	    heading.size < heading.base)
		return false;
	*ret = heading;
	return true;
}

static int line_parse(const struct timeout_format *format, const char *path, char *line,
		      size_t number, struct timeout_list *list, struct error *damage)
{
	struct timeout entry, *added;

	if (!entry_parse(format, line, &entry)) {
		damage_note(damage, path, number, "this line is damaged");
		return 0;
	}
	added = array_append(&list->list, &list->count, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = entry;
	return 0;
}

static int lines_parse(const struct timeout_format *format, const char *path, char *text,
		       struct timeout_list *list, struct error *damage)
{
	char *line = text, *end;
	size_t number = 1; /* the heading */
	int r = 0;

	for (; !r && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		r = line_parse(format, path, line, ++number, list, damage);
	}
	if (*line)
		damage_note(damage, path, number + 1, "the last line is cut short");
	return r;
}

/* The entries of a file with a heading, as the changes behind them left them. */
static int file_parse(const struct timeout_format *format, const char *path,
		      struct timeout_list *list, struct error *damage)
{
	struct timeout_heading heading;
	size_t size = strlen(list->text);
	int r;

	if (!timeout_heading_parse(format, list->text, &heading)) {
		damage_note(damage, path, 1, "the heading is missing");
		return 0;
	}
	if (heading.size < size)
		list->text[heading.size] = '\0';
	r = lines_parse(format, path, strchr(list->text, '\n') + 1, list, damage);
	if (heading.size > size)
		damage_note(damage, path, 1, "the file is cut short");
	return r;
}

static void drop_gone(struct timeout_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!list->list[i].gone)
			list->list[kept++] = list->list[i];
	list->count = kept;
}

int timeout_parse(const struct timeout_format *format, const char *path, char *text,
		  struct timeout_list *ret, struct error *ret_damage)
{
	_timeout_list_ struct timeout_list list = {.text = text};
	int r;

	*ret_damage = (struct error){0};
	r = file_parse(format, path, &list, ret_damage);
	if (!r)
		r = timeout_sort(&list);
	if (r)
		return r;
	drop_gone(&list);
	*ret = list;
	list = (struct timeout_list){0};
	return 0;
}

/* The last line that begins with `key`, or with a "-" and `key`; NULL. */
static char *line_find(char *text, const char *key)
{
	char *line = NULL;

	for (char *at = text; (at = strstr(at, key)); at++) {
		char *begin = at > text && at[-1] == '-' ? at - 1 : at;

		if (begin > text && begin[-1] == '\n')
			line = begin;
	}
	return line;
}

bool timeout_find_text(const struct timeout_format *format, char *text, struct timeout *entry)
{
	struct timeout_heading heading;
	char key[CIDR_TEXT_MAX + 1], *line;
	struct timeout found;

	if (timeout_heading_parse(format, text, &heading) && heading.size < strlen(text))
		text[heading.size] = '\0';
	cidr_format(entry->source.source, entry->source.length, key);
	strcat(key, "\t");
	line = line_find(text, key);
	if (!line)
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (!entry_parse(format, line, &found) || found.gone)
		return false;
	entry->who = found.who;
	entry->since = found.since;
	entry->reason = found.reason;
	return true;
}

/* A million lines: formatting them with stdio takes as long as half of all the rest. */
static char *put_text(char *at, const char *text)
{
	return stpcpy(at, text);
}

static char *put_number(char *at, uint64_t number)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = '0' + number % 10;
	while (number /= 10);
	while (count)
		*at++ = digits[--count];
	return at;
}

#define ENTRY_MAX (CIDR_TEXT_MAX + 96) /* of a line, without `who` and `reason` */

static char *entry_print(const struct timeout_format *format, char *at, const struct timeout *entry)
{
	cidr_format(entry->source.source, entry->source.length, at);
	at += strlen(at);
	*at++ = '\t';
	at = put_number(at, entry->expires / TIMEOUT_SECOND);
	*at++ = '\t';
	at = put_text(at, entry->who);
	*at++ = '\t';
	at = put_number(at, entry->since);
	*at++ = '\t';
	at = put_text(at, entry->reason);
	if (format->has_ports) {
		*at++ = '\t';
		at = put_number(at, entry->port);
		*at++ = '/';
		at = put_text(at, word_of(words_l4, entry->l4));
		*at++ = '\t';
		at = put_number(at, entry->id);
	}
	*at++ = '\n';
	return at;
}

static size_t entry_room(const struct timeout *entry)
{
	return ENTRY_MAX + strlen(entry->who) + strlen(entry->reason);
}

int timeout_print(const struct timeout_format *format, const struct timeout_list *list,
		  char **ret_text, size_t *ret_size)
{
	struct timeout_heading heading = {0};
	size_t room = TIMEOUT_HEADING_MAX, length;
	char first[TIMEOUT_HEADING_MAX], *text, *at;

	for (size_t i = 0; i < list->count; i++)
		room += entry_room(&list->list[i]);
	text = malloc(room);
	if (!text)
		return -ENOMEM;
	length = timeout_heading_print(format, &heading, first);
	at = text + length;
	for (size_t i = 0; i < list->count; i++)
		at = entry_print(format, at, &list->list[i]);
	*at = '\0';
	heading.size = heading.base = at - text;
	timeout_heading_print(format, &heading, first);
	memcpy(text, first, length);
	*ret_text = text;
	*ret_size = heading.size;
	return 0;
}

int timeout_print_change(const struct timeout_format *format, const struct timeout *entry,
			 bool gone, char **ret_text, size_t *ret_size)
{
	char *text = malloc(1 + entry_room(entry)), *at = text;

	if (!text)
		return -ENOMEM;
	if (gone)
		*at++ = '-';
	*ret_size = entry_print(format, at, entry) - text;
	*ret_text = text;
	return 0;
}

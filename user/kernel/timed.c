/* SPDX-License-Identifier: GPL-2.0 */
/* timed.c - sort, find, read and write timed entries. */
#include "timed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rolewall/abi.h>

#include "../policy/words.h"
#include "../util/array.h"
#include "../util/cleanup.h"

#define COLUMNS_MAX 7
#define SECONDS_MAX (INT64_MAX / TIMED_SECOND)
#define FIRST_LINE  "#rolewall %s 1 "

void timed_list_free(struct timed_list *list)
{
	free(list->list);
	free(list->text);
	*list = (struct timed_list){0};
}

int timed_compare(const void *left, const void *right)
{
	const struct timed *a = left, *b = right;
	int order = cidr_compare(&a->source, &b->source);

	if (!order)
		order = a->l4 - b->l4;
	return order ? order : a->port - b->port;
}

/* qsort() keeps no order among equals; their place in the list decides. */
static int compare_stable(const void *left, const void *right)
{
	const struct timed *const *a = left, *const *b = right;
	int order = timed_compare(*a, *b);

	if (order)
		return order;
	return *a < *b ? -1 : *a > *b;
}

static bool is_sorted(const struct timed_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (timed_compare(&list->list[i - 1], &list->list[i]) >= 0)
			return false;
	return true;
}

int timed_sort(struct timed_list *list)
{
	_free_ const struct timed **order = NULL;
	struct timed *sorted;
	size_t kept = 0;

	if (is_sorted(list))
		return 0;
	order = reallocarray(NULL, list->count, sizeof(*order));
	sorted = reallocarray(NULL, list->count, sizeof(*sorted));
	if (!order || !sorted) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->count; i++)
		order[i] = &list->list[i];
	qsort(order, list->count, sizeof(*order), compare_stable);
	for (size_t i = 0; i < list->count; i++)
		if (i + 1 == list->count || timed_compare(order[i], order[i + 1]))
			sorted[kept++] = *order[i];
	free(list->list);
	list->list = sorted;
	list->count = kept;
	return 0;
}

struct timed *timed_find(const struct timed_list *list, const struct timed *key)
{
	return list->count ? bsearch(key, list->list, list->count, sizeof(*key), timed_compare)
			   : NULL;
}

int timed_text_check(const char *noun, const char *text, size_t max, struct error *ret_error)
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
static bool service_parse(char *text, struct timed *entry)
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

static bool entry_parse(const struct timed_format *format, char *line, struct timed *ret)
{
	struct timed entry = {0};
	char *columns[COLUMNS_MAX];
	uint64_t expires, since, id;

	if (columns_split(line, columns) != (format->has_ports ? 7 : 5) ||
	    cidr_parse(columns[0], &entry.source, NULL) ||
	    !number_parse(columns[1], SECONDS_MAX, &expires) ||
	    !number_parse(columns[3], SECONDS_MAX, &since))
		return false;
	entry.expires = (int64_t)expires * TIMED_SECOND;
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

/* The heading's count, or -1. */
static int64_t heading_parse(const struct timed_format *format, const char *line)
{
	char heading[64];
	uint64_t count;
	int length = snprintf(heading, sizeof(heading), FIRST_LINE, format->kind);

	if (strncmp(line, heading, length) || !number_parse(line + length, SIZE_MAX / 2, &count))
		return -1;
	return (int64_t)count;
}

static int line_parse(const struct timed_format *format, const char *path, char *line,
		      size_t number, struct timed_list *list, struct error *damage)
{
	struct timed entry, *added;

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

static int lines_parse(const struct timed_format *format, const char *path, struct timed_list *list,
		       struct error *damage)
{
	int64_t wanted = -2, number = 0; /* -2: there is no heading to be damaged */
	char *line = list->text, *end;
	int error = 0;

	for (; !error && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (number++ == 0)
			wanted = heading_parse(format, line);
		if (wanted == -1) {
			damage_note(damage, path, 1, "the heading is missing");
			return 0;
		}
		if (number > 1)
			error = line_parse(format, path, line, number, list, damage);
	}
	if (*line)
		damage_note(damage, path, number + 1, "the last line is cut short");
	if (number - 1 != wanted)
		damage_note(damage, path, number + 1, "the file is cut short");
	return error;
}

int timed_parse(const struct timed_format *format, const char *path, char *text,
		struct timed_list *ret, struct error *ret_damage)
{
	_timed_list_ struct timed_list list = {.text = text};
	int error;

	*ret_damage = (struct error){0};
	error = lines_parse(format, path, &list, ret_damage);
	if (!error)
		error = timed_sort(&list);
	if (error)
		return error;
	*ret = list;
	list = (struct timed_list){0};
	return 0;
}

static void entry_print(const struct timed_format *format, FILE *file, const struct timed *entry)
{
	char source[CIDR_TEXT_MAX];

	cidr_format(entry->source.source, entry->source.length, source);
	fprintf(file, "%s\t%" PRId64 "\t%s\t%" PRId64 "\t%s", source, (int64_t)(entry->expires / TIMED_SECOND),
		entry->who, entry->since, entry->reason);
	if (format->has_ports)
		fprintf(file, "\t%u/%s\t%" PRIu32, entry->port, word_of(words_l4, entry->l4),
			entry->id);
	putc_unlocked('\n', file);
}

int timed_print(const struct timed_format *format, const struct timed_list *list, char **ret_text,
		size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return -ENOMEM;
	fprintf(file, FIRST_LINE "%zu\n", format->kind, list->count);
	for (size_t i = 0; i < list->count; i++)
		entry_print(format, file, &list->list[i]);
	if (fclose(file)) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_size = size;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* places.c - a scanner for JSON that is known to be right: it finds, it does not judge. */
#include "policy/places.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"

struct scan {
	const char *text;
	size_t size;
	size_t at;
	struct place *places;
	size_t count;
	uint32_t container; /* the list or object that `at` is in, PLACE_NONE outside */
	uint32_t key;	    /* of the value to come */
	uint32_t line;
};

/* The offset behind the string that begins at `at`. */
static size_t string_end(const char *text, size_t size, size_t at)
{
	for (at++; at < size && text[at] != '"'; at++)
		if (text[at] == '\\')
			at++;
	return at < size ? at + 1 : size;
}

static size_t literal_end(const char *text, size_t size, size_t at)
{
	while (at < size && !strchr(",:]} \t\r\n", text[at]))
		at++;
	return at;
}

static bool is_key(const struct scan *scan)
{
	return scan->container != PLACE_NONE && scan->key == PLACE_NONE &&
	       scan->text[scan->places[scan->container].value] == '{';
}

static int place_add(struct scan *scan)
{
	uint32_t self = scan->count;
	struct place *place, *parent, *before = NULL;

	place = array_append(&scan->places, &scan->count, sizeof(*scan->places));
	if (!place)
		return -ENOMEM;
	*place = (struct place){.key = scan->key,
				.value = scan->at,
				.end = scan->size,
				.line = scan->line,
				.parent = scan->container,
				.first = PLACE_NONE,
				.last = PLACE_NONE,
				.next = PLACE_NONE};
	scan->key = PLACE_NONE;
	if (scan->container == PLACE_NONE)
		return 0;
	parent = &scan->places[scan->container];
	if (parent->last != PLACE_NONE)
		before = &scan->places[parent->last];
	place->index = before ? before->index + 1 : 0;
	*(before ? &before->next : &parent->first) = self;
	parent->last = self;
	return 0;
}

static int scan_value(struct scan *scan)
{
	char c = scan->text[scan->at];
	int r = place_add(scan);

	if (r < 0)
		return r;
	if (c == '{' || c == '[') {
		scan->container = scan->count - 1;
		scan->at++;
		return 0;
	}
	/* At least one byte, so that the scan ends whatever the text. */
	scan->at = c == '"' ? string_end(scan->text, scan->size, scan->at)
			    : literal_end(scan->text, scan->size, scan->at + 1);
	scan->places[scan->count - 1].end = scan->at;
	return 0;
}

static int scan_token(struct scan *scan)
{
	char c = scan->text[scan->at];

	if (c == '"' && is_key(scan)) {
		scan->key = scan->at;
		scan->at = string_end(scan->text, scan->size, scan->at);
		return 0;
	}
	if (!strchr(",: \t\r\n]}", c))
		return scan_value(scan);
	if (c == '\n')
		scan->line++;
	if ((c == ']' || c == '}') && scan->container != PLACE_NONE) {
		scan->places[scan->container].end = scan->at + 1;
		scan->container = scan->places[scan->container].parent;
	}
	scan->at++;
	return 0;
}

int places_find(const char *text, size_t size, struct place **ret_places, size_t *ret_count)
{
	struct scan scan = {
		.text = text, .size = size, .container = PLACE_NONE, .key = PLACE_NONE, .line = 1};

	while (scan.at < size) {
		int r = scan_token(&scan);

		if (r < 0) {
			free(scan.places);
			return r;
		}
	}
	*ret_places = scan.places;
	*ret_count = scan.count;
	return 0;
}

static bool is_plain(const char *key, int size)
{
	for (int i = 0; i < size; i++)
		if (!isalnum((unsigned char)key[i]) && !strchr("_-@", key[i]))
			return false;
	return size > 0;
}

/* Append one step to the path in `ret`; what does not fit is cut. */
static void step_append(const char *text, const struct place *place, char *ret, size_t ret_size)
{
	size_t used = strlen(ret);
	const char *key;
	int size;

	if (place->key == PLACE_NONE) {
		snprintf(ret + used, ret_size - used, "[%u]", place->index);
		return;
	}
	key = text + place->key + 1;
	size = string_end(text, place->value, place->key) - place->key - 2;
	if (is_plain(key, size))
		snprintf(ret + used, ret_size - used, "%s%.*s", used ? "." : "", size, key);
	else
		snprintf(ret + used, ret_size - used, "[\"%.*s\"]", size, key);
}

void places_format_path(const char *text, const struct place *places, uint32_t place, char *ret,
			size_t ret_size)
{
	/* The root has no step of its own. jansson bounds the depth of the recursion (2048). */
	if (places[place].parent == PLACE_NONE) {
		ret[0] = '\0';
		return;
	}
	places_format_path(text, places, places[place].parent, ret, ret_size);
	step_append(text, &places[place], ret, ret_size);
}

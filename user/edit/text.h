/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text.h - change single values of a JSON text; every other byte stays.
 *
 * What is added looks like what stands beside it: line breaks (LF, CRLF, none), indentation, and
 * the spaces behind colons and commas are those of the neighbours. What was added and is removed
 * again leaves the bytes that were there before.
 *
 * A value is named by its place in `places`. Places in front of a change, and what contains it,
 * keep their number; those behind it do not. Lists and objects are both called a container.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/places.h"

struct edit {
	char *text; /* owned, as `places`; with a NUL that is not counted */
	size_t size;
	struct place *places;
	size_t count;
};

/*
 * All functions that return int return 0 or -ENOMEM, and leave the text as it was on failure.
 * Values and keys are JSON, keys with their quotes.
 */

/* Begin with a copy of `text`, which jansson has accepted. */
int edit_begin(const char *text, size_t size, struct edit *ret);
void edit_free(struct edit *edit);

/* The value of `key`, which stands without quotes, in an object; PLACE_NONE if there is none. */
uint32_t edit_find(const struct edit *edit, uint32_t object, const char *key);

/* The string at `place` as it is meant, without quotes and escapes; owned by the caller. NULL: it
 * is no string, or there is no memory. */
char *edit_string(const struct edit *edit, uint32_t place);

/* Put `value` in place of what stands there; `key` in place of its key, unless NULL. */
int edit_replace(struct edit *edit, uint32_t place, const char *key, const char *value);

/* Behind the last of a container. `key`: NULL in a list. */
int edit_append(struct edit *edit, uint32_t container, const char *key, const char *value);

/* With its key, and the comma that it leaves over. */
int edit_remove(struct edit *edit, uint32_t place);

/*
 * An object or a list of `values`, laid out as the last object in `container`, or on one line where
 * there is none. `keys`: NULL for a list. Owned by the caller; NULL: no memory.
 */
char *edit_compose(const struct edit *edit, uint32_t container, const char *const *keys,
		   const char *const *values, size_t count);

/*
 * The list of the one `value`, as the value of a new member of the root: on lines of its own, if
 * the root's members stand on lines of their own and `lines`.
 */
char *edit_compose_root_list(const struct edit *edit, const char *value, bool lines);

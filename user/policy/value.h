/* SPDX-License-Identifier: GPL-2.0 */
/*
 * value.h - typed reading of JSON values, with errors that point at the value.
 *
 * With error.others, readers of objects and lists go on behind a mistake (util/error.h).
 *
 * What an object may hold is a table of fields; unknown keys, missing keys and wrong types are
 * found here and nowhere else. All functions return 0, -EINVAL or -ENOMEM with `ret_error` filled,
 * and leave their result untouched on failure. `noun` is what the value is called in an error
 * ("the port", "a role").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy/document.h"
#include "policy/words.h"
#include "util/guess.h"

struct value {
	struct at at;
	json_t *json; /* borrowed from the document */
};

struct field {
	const char *key; /* NULL ends the table */
	int (*read)(const struct value *value, void *into, struct error *ret_error);
	bool required;
};

typedef int (*member_read_fn)(const char *key, const struct value *value, void *into,
			      struct error *ret_error);
typedef int (*item_read_fn)(const struct value *value, void *into, struct error *ret_error);

struct value value_root(const struct document *document);

int value_read_fields(const struct value *value, const char *noun, const struct field *fields,
		      void *into, struct error *ret_error);
/* An object whose keys are names, and a list: each member, each item, in order. */
int value_read_members(const struct value *value, const char *noun, member_read_fn read, void *into,
		       struct error *ret_error);
int value_read_items(const struct value *value, const char *noun, item_read_fn read, void *into,
		     struct error *ret_error);

int value_get_string(const struct value *value, const char *noun, const char **ret,
		     struct error *ret_error);
int value_get_integer(const struct value *value, const char *noun, int min, int max, int *ret,
		      struct error *ret_error);
int value_get_bool(const struct value *value, const char *noun, bool *ret, struct error *ret_error);
int value_get_word(const struct value *value, const char *noun, const struct word *words, int *ret,
		   struct error *ret_error);
/*
 * A name of lower-case letters, digits, "." and "-" that begins with a letter or digit and fits
 * into `ret_size` bytes. It can be a file name without leading anywhere else.
 */
int value_get_name(const struct value *value, const char *noun, char *ret, size_t ret_size,
		   struct error *ret_error);

/* The word that stands at `at` is none of `words`: say so, guess, or list them. -EINVAL. */
int word_refuse(const struct at *at, const char *noun, const char *word, const struct word *words,
		struct error *ret_error);
/* "did you mean ...?" if there is a guess. Returns whether there was. */
bool error_hint_guess(struct error *ret_error, const struct guess *guess);

/* "version", the first key of every file: 1. `into` is not used. */
int version_read(const struct value *value, void *into, struct error *ret_error);

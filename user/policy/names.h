/* SPDX-License-Identifier: GPL-2.0 */
/* names.h - names, and lists of them, as files have them. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

bool is_node_name(const char *name);

/* What the things in a list of names are called in errors. */
struct name_words {
	const char *list;  /* "\"roles\"" */
	const char *item;  /* "the name of a role" */
	const char *thing; /* "the role" */
};
extern const struct name_words words_of_roles, words_of_services;
/* A list that grows; no name stands in it twice. */
struct name_list {
	struct name_model **list;
	size_t *count;
	const struct name_words *words;
};
int name_add(const struct name_list *names, const struct value *value, const struct name_model *new,
	     struct error *ret_error);
int names_read(const struct value *value, const struct name_words *words, struct name_model **list,
	       size_t *count, struct error *ret_error);

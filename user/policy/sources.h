/* SPDX-License-Identifier: GPL-2.0 */
/* sources.h - lists of addresses and networks, as files have them. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

/* `has_cluster` is set if "@cluster" is among them; NULL: it has no place here. */
int sources_read(const struct value *value, uint8_t zone, struct source_list *into,
		 bool *has_cluster, struct error *ret_error);

/* One of them. */
int source_read(const struct value *value, uint8_t zone, struct source_list *into,
		struct error *ret_error);

/* Where a prefix or a set can stand: is it the name of a set? There may be no such set. */
bool is_set_word(const char *text);

/* Names of sets, among which prefixes may stand. */
struct set_names {
	struct name_model **list;
	size_t *count;
};

/* Prefixes and names of sets. The sets are not looked for. */
int sources_or_sets_read(const struct value *value, struct source_list *into,
			 struct set_names *names, struct error *ret_error);
int set_word_read(const struct value *value, const struct set_names *names,
		  struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/* set_tables.h - the sets of the tables: what each is called, and where its sources stand. */
#pragma once

#include "policy/model.h"
#include "policy/tables.h"

/* On failure `tables` is the caller's to free, as it is. */
int tables_add_sets(struct tables *tables, const struct node_model *node, struct error *ret_error);

/* What a set is called where it is shown: its name, else its first prefix. Returns `ret`. */
const char *set_label(const struct set *set, char ret[TABLES_SET_MAX]);

/*
 * "office,203.0.113.7": those of `zones`, comma separated; a set without a name has its prefixes
 * there. "..." ends what does not fit. Returns `ret`.
 */
const char *sets_names(const struct tables *tables, uint64_t zones, char *ret, size_t size);

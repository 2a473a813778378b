/* SPDX-License-Identifier: GPL-2.0 */
/*
 * set.h - "sets" of node and cluster file: sources with a name.
 *
 *	"sets": { "office": ["203.0.113.0/28", "@file:branches.txt", "name:gw.example.net"],
 *		  "backup": { "sources": ["10.1.0.7"], "on": ["eth1"] } }
 */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

int sets_read(const struct value *value, struct set_list *into, struct error *ret_error);
void sets_free(struct set_list *sets);

/* One more, empty; there is a bit for it, or -EINVAL and an error at `at`. */
int set_append(struct set_list *sets, const struct at *at, struct set_model **ret,
	       struct error *ret_error);

/* The set of that name, or NULL. */
const struct set_model *set_find(const struct set_list *sets, const char *name);

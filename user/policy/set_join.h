/* SPDX-License-Identifier: GPL-2.0 */
/*
 * set_join.h - all sets of a node as one list: its own, its cluster's, and those without a name.
 */
#pragma once

#include "policy/model.h"

/*
 * Once node and cluster file have been read: fill node->sets, and what refers to them.
 * `resolved_dir` has what names stand for (resolved.h); it may be NULL. 0, -EINVAL or -ENOMEM.
 */
int node_join_sets(struct node_model *node, const char *resolved_dir, struct error *ret_error);

/* RW_ZONE_SET() of that name; 0: there is no such set. */
uint64_t set_bit(const struct set_list *sets, const char *name);

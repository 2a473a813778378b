/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prefixes.h - the interfaces of the tables. On failure `tables` is the caller's to free, as it is.
 */
#pragma once

#include <stdbool.h>

#include "policy/model.h"
#include "policy/tables.h"

int tables_add_interfaces(struct tables *tables, const struct node_model *node,
			  const struct flows_model *flows, struct error *ret_error);

/*
 * After the sources of sets have changed, from the tables alone: the prefixes of interfaces. 0,
 * -E2BIG (too many) or -ENOMEM.
 */
int tables_renew_interfaces(struct tables *tables, struct error *ret_error);

/*
 * Fill `tables->never_ban`: whom no ban may reach, as far as the policy knows: what the node file
 * names, management, internal sources and the nodes of the cluster. The tables have their sets
 * already. 0, -EINVAL (too many) or -ENOMEM.
 */
int tables_add_never_ban(struct tables *tables, const struct node_model *node,
			 struct error *ret_error);

/*
 * After the addresses of names have changed, from the tables alone. 0, -E2BIG (too many) or
 * -ENOMEM.
 */
int tables_renew_never_ban(struct tables *tables, struct error *ret_error);

/* Is that address in it? */
bool tables_never_ban(const struct tables *tables, const uint8_t address[16]);

/* "a management prefix": RW_NEVER_BAN_* in words, for "192.0.2.0/24 is ..." */
const char *never_ban_words(uint64_t why);

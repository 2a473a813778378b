/* SPDX-License-Identifier: GPL-2.0 */
/* prefixes.h - the interfaces of the tables. On failure `tables` is the caller's to free, as it is.
 */
#ifndef ROLEWALL_POLICY_PREFIXES_H
#define ROLEWALL_POLICY_PREFIXES_H

#include "policy/model.h"
#include "policy/tables.h"

int tables_add_interfaces(struct tables *tables, const struct node_model *node,
			  const struct flows_model *flows, struct error *ret_error);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * build.h - third stage of policy/: the merged policy as tables.
 */
#ifndef ROLEWALL_POLICY_BUILD_H
#define ROLEWALL_POLICY_BUILD_H

#include "policy/merge.h"
#include "policy/model.h"
#include "policy/tables.h"

/* 0, -EINVAL or -ENOMEM. `ret` owns all it points to. */
int tables_build(const struct model *model, const struct merged *merged, struct tables *ret,
		 struct error *ret_error);

/* Its parts; on failure `tables` is the caller's to free, as it is. */
int tables_add_rules(struct tables *tables, const struct merged *merged, struct error *ret_error);
int tables_add_ports(struct tables *tables, struct error *ret_error);
int tables_add_interfaces(struct tables *tables, const struct node_model *node,
			  const struct flows_model *flows, struct error *ret_error);

#endif

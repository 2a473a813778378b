/* SPDX-License-Identifier: GPL-2.0 */
/* rules.h - the rules and ports of the tables. On failure `tables` is the caller's to free, as it
 * is. */
#pragma once

#include "policy/merge.h"
#include "policy/tables.h"

int tables_add_rules(struct tables *tables, const struct merged *merged, struct error *ret_error);
int tables_add_ports(struct tables *tables, struct error *ret_error);

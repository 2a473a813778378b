/* SPDX-License-Identifier: GPL-2.0 */
/* interface.h - "interfaces" of the node file: zones and sources. */
#ifndef ROLEWALL_POLICY_INTERFACE_H
#define ROLEWALL_POLICY_INTERFACE_H

#include "policy/model.h"
#include "policy/value.h"

int interfaces_read(const struct value *value, struct node_model *node, struct error *ret_error);

#endif

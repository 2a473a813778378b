/* SPDX-License-Identifier: GPL-2.0 */
/* interface.h - "interfaces" of the node file: zones and sources. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

int interfaces_read(const struct value *value, struct node_model *node, struct error *ret_error);

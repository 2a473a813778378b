/* SPDX-License-Identifier: GPL-2.0 */
/* sources.h - lists of addresses and networks, as files have them. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

/* `has_cluster` is set if "@cluster" is among them; NULL: it has no place here. */
int sources_read(const struct value *value, uint8_t zone, struct source_list *into,
		 bool *has_cluster, struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/* service.h - "services" of role and node files. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

/* A list that grows: of a role, or of a node. */
struct service_list {
	struct service_model **list;
	size_t *count;
	bool has_sets; /* "from" may name sets, and prefixes: a node's */
};

void services_free(struct service_model *services, size_t count);
int services_read(const struct value *value, struct service_list into, struct error *ret_error);

#define LIMIT_DEFAULT "@default" /* in "limits": every TCP service that the world may reach */

/* "limits" of a node file. */
int limits_read(const struct value *value, struct limit_list *ret, struct error *ret_error);

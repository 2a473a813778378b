/* SPDX-License-Identifier: GPL-2.0 */
/*
 * merge.h - roles and node file put together: who may reach what on this node.
 *
 * Second stage of policy/: one row for every (role, service, protocol, ports) as it is written,
 * with the zones that are left after vpn_only and management have been applied. Rows of the same
 * ports are still apart.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/model.h"

#define MERGE_NODE "node" /* the role of the node file's own services */
#define MERGE_SSH  "ssh"  /* the service that management sources may always reach */

struct row {
	const struct service_model *service; /* borrowed from the model */
	const char *role;		     /* borrowed; or MERGE_NODE */
	uint8_t l4;			     /* RW_L4_* */
	uint64_t zones;			     /* RW_ZONE_*, management and sets included; may be 0 */
	bool narrowed;			     /* by vpn_only */
	bool limit_is_own;		     /* said of this service, if only "none" */
	struct limit limit;		     /* zeros: none */
};

struct merged {
	struct row
		*rows; /* owned; every-node first, then as the node file says, own services last */
	size_t row_count;
	const struct flows_model *flows; /* borrowed; NULL: flows are not looked at */
};

/* 0, -EINVAL or -ENOMEM. `ret` borrows from `model`. */
int merged_build(const struct model *model, struct merged *ret, struct error *ret_error);

/* Rows of these services, as they are written. 0 or -ENOMEM. */
int merged_add(struct merged *merged, const char *role, const struct service_model *services,
	       size_t count);
void merged_free(struct merged *merged);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sources.h - the long lists of the policy in force, read from the kernel: what sources are on
 * which interface, and the IP protocols that pass.
 *
 * Apart from snapshot.h, because there can be RW_PREFIXES of them, and few verbs ask.
 */
#pragma once

#include "kernel/object/instance.h"
#include "kernel/observe/snapshot.h"
#include "policy/compare.h"
#include "util/error.h"

struct sources {
	struct prefix_list prefixes;  /* owned; management is folded in, as in tables.h */
	struct prefix_list never_ban; /* owned; what the node file lists under that name */
	char names[RW_SLOTS][16];     /* of interfaces, by slot; "" for slot 0 */
	uint8_t protocols[256];	      /* 1 = listed */
};

/*
 * Of the generation that `snapshot` shows. The prefixes point to the names in `ret`, which must not
 * be moved. -ESTALE: another one is in force by now. Empty on failure.
 */
int sources_in_force(const struct instance *instance, const struct snapshot *snapshot,
		     struct sources *ret, struct error *ret_error);
void sources_free(struct sources *sources);

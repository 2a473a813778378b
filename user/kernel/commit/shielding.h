/* SPDX-License-Identifier: GPL-2.0 */
/* shielding.h - one interface gets its shield, or loses it: the daemon's decision, under the lock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/attach/shield.h"
#include "kernel/object/instance.h"
#include "util/error.h"

struct shielding {
	uint32_t ifindex;
	uint32_t generation; /* for which it was decided */
	bool raise;	     /* else lower */
	unsigned int kind;   /* of the programs: build_programs() */
	struct shield_programs programs;
};

/*
 * -EAGAIN: a change is under way; -ESTALE: what was decided for is not there any more: another policy,
 * maps or device. Whatever else: the driver or the kernel refuses, and it is as it was.
 */
int shielding_switch(const struct instance *instance, const struct shielding *shielding,
		     struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/* in_force.h - the policy in force, kept open by the daemon as long as it is in force. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/generation/generation.h"
#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "kernel/observe/port_names.h"

/* Owning. Starts as IN_FORCE_OF(instance). */
struct in_force {
	const struct instance *instance;
	struct maps maps;
	struct generation generation; /* number 0: nothing is in force */
	struct port_names names;
	uint32_t maps_id; /* of the pinned map `policy`: after `down` and `apply` it is another */
};

#define IN_FORCE_OF(where)                                                                         \
	{                                                                                          \
		.instance = (where), .maps = MAPS_NONE, .generation = GENERATION_NONE              \
	}

enum in_force_change {
	IN_FORCE_SAME,
	IN_FORCE_OTHER_POLICY, /* the same maps, another generation */
	IN_FORCE_OTHER_MAPS,   /* everything is new */
	IN_FORCE_NOTHING,      /* there was something */
};

/* Is it still what it was? Cheap if so. What cannot be read counts as nothing. */
enum in_force_change in_force_update(struct in_force *in_force);

void in_force_close(struct in_force *in_force);

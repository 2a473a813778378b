/* SPDX-License-Identifier: GPL-2.0 */
/* interface_query.h - which program of ours is on an interface, or would be, and why that one. */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "policy/tables.h"

struct hook_state {
	enum hook hook; /* HOOK_XDP, HOOK_TC, or HOOK_NONE: no program of ours is on the device */
	enum xdp_mode mode;
	bool shielded;	/* there is tc behind XDP, for there is a flood */
	bool lost;	/* nothing is in the way of a program of ours, and there is none */
	char note[192]; /* why it is not native XDP; may be empty */
};

/* Our program on this device, which the node file wants judged at `choice`. */
void interface_query(const struct instance *instance, const struct devices *devices,
		     const struct device *device, enum hook_choice choice, struct hook_state *ret);

/*
 * The same before it is attached: the best of the ways that apply will try, and why it is that. Only
 * attaching shows what the driver takes.
 */
void interface_foresee(const struct instance *instance, const struct devices *devices,
		       const struct device *device, enum hook_choice choice,
		       struct hook_state *ret);

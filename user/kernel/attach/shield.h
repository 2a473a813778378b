/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shield.h - native XDP beside tc, while a flood lasts: what is refused costs less there.
 *
 * S1  Going up, tc's program is exchanged for one that counts nothing that passes, then XDP is attached.
 *     Going down, XDP is detached, then tc's own program comes back. So every packet meets a program
 *     that judges it, and none is counted twice; between the two steps, what passes is not counted.
 * S2  What the kernel shows is all that there is to know. Whoever dies between two steps leaves what
 *     filters, and the next refresh or apply makes it whole (plans.h).
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/object/instance.h"
#include "policy/tables.h"

enum shield_state {
	SHIELD_IS_DOWN,
	SHIELD_IS_HALF, /* between the two steps */
	SHIELD_IS_UP,
};

enum shield_state shield_look(const struct instance *instance, const struct device *device);

/* Is this device to have one in a flood? */
bool shield_is_wanted(const struct device *device, enum hook_choice choice,
		      enum shield_choice shield);

/* Programs of a device whose frames begin alike; borrowed. */
struct shield_programs {
	int xdp;    /* beside tc */
	int behind; /* tc's, behind that */
	int tc;	    /* tc's own */
};

/* -errno of the driver or the kernel: it stays, or is again, as it was. */
int shield_raise(const struct instance *instance, const struct device *device,
		 const struct shield_programs *programs);

/* Needs `programs->tc` alone. */
int shield_lower(const struct instance *instance, const struct device *device,
		 const struct shield_programs *programs);

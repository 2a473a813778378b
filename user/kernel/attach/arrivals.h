/* SPDX-License-Identifier: GPL-2.0 */
/*
 * arrivals.h - the map `interfaces`: the slot of what arrives on a device, and whether XDP judges
 * it.
 */
#pragma once

#include "host/device.h"
#include "kernel/generation/generation.h"
#include "kernel/object/maps.h"

/* How what arrives on a device is judged: struct rw_interface. */
struct cover {
	bool covered;	 /* by XDP or tc */
	uint8_t answers; /* RW_ANSWERS_* */
};

/* The device has this slot. */
int arrivals_put(const struct maps *maps, const struct device *device, unsigned int slot,
		 struct cover cover);

/* Neither XDP nor tc judges it any longer; its slot stays. */
int arrivals_uncover(const struct maps *maps, const struct device *device);

/* A VLAN device: its tagged frames have its slot, where they come in. Others: nothing. */
int arrivals_put_vlan(const struct maps *maps, const struct devices *devices,
		      const struct device *device, unsigned int slot);

bool arrivals_is_covered(const struct maps *maps, const struct device *device);

/* Forget what `about` (NULL: nothing) does not list, and devices that are gone. */
int arrivals_forget(const struct maps *maps, const struct devices *devices,
		    const struct about *about);

/* The device of a slot; NULL: the slot is free, or its device is not there. */
const struct device *slot_device(const struct about *about, const struct devices *devices,
				 unsigned int slot);

/* The slot of a device, by any of its names; 0: it is not listed. */
unsigned int device_slot(const struct about *about, const struct devices *devices,
			 uint32_t ifindex);

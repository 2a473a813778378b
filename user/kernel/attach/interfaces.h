/* SPDX-License-Identifier: GPL-2.0 */
/* interfaces.h - the programs on interfaces, by XDP or tc: attach, detach, and see what is there. */
#pragma once

#include "kernel/attach/plans.h"
#include "kernel/object/hooks.h"
#include "util/error.h"

/*
 * Carry the plans out. Where every way is refused (no driver support, a foreign program, a device that
 * is gone by now) it stays with the cgroup hook, which is no error; anything else is.
 */
int interfaces_attach(const struct instance *instance, const struct maps *maps, struct plans *plans,
		      struct error *ret_error);

/* Detach from interfaces that `about` does not list (NULL: from all), and forget devices that are
 * gone. */
int interfaces_detach(const struct instance *instance, const struct maps *maps,
		      const struct about *about, struct error *ret_error);

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

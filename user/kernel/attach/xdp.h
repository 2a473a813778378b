/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp.h - XDP programs on interfaces: attach what xdp_plan.h prepared, detach. Links are pinned
 * (xdp_link.h); where the kernel has none, nothing is (legacy_attach.h).
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/attach/xdp_plan.h"
#include "kernel/generation/generation.h"
#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "util/error.h"

/*
 * Carry the plans out. Whatever refuses XDP (no driver support, a foreign program, a device that is
 * gone by now) stays with the cgroup hook, which is no error; anything else is.
 */
int xdp_attach(const struct instance *instance, const struct maps *maps,
	       const struct xdp_plans *plans, struct error *ret_error);

/* Detach from interfaces that `about` does not list (NULL: from all), and forget devices that are
 * gone. */
int xdp_detach(const struct instance *instance, const struct maps *maps, const struct about *about,
	       struct error *ret_error);

/* Our program on this device: its mode, or XDP_MODE_NONE. `note` says why not native. */
enum xdp_mode xdp_query(const struct instance *instance, const struct devices *devices,
			const struct device *device, char *note, size_t note_size);

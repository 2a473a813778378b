/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp.h - XDP programs on devices. Links are pinned (device_link.h); where the kernel has none, nothing
 * is (legacy_attach.h).
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/attach/ways.h"
#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"

/*
 * Our program on the device: its mode, or XDP_MODE_NONE. With `link`, what is attached without one does
 * not count: the device may still show the program of a link whose pin was removed just now.
 */
enum xdp_mode xdp_mode_of(const struct instance *instance, const struct device *device, bool link);

struct xdp_request {
	int program_fd;
	bool link;	/* a new attachment is a link */
	bool displaced; /* ours was there, and another program has taken its place */
};

/* Put the program in the place of the one of ours that is there. */
int xdp_replace(const struct instance *instance, const struct device *device, int program_fd);

/* Where there is none of ours. `way` is native or generic. */
int xdp_attach(const struct instance *instance, const struct device *device,
	       const struct xdp_request *request, enum way way);

/* None there: no error. */
int xdp_detach(const struct instance *instance, const struct device *device);

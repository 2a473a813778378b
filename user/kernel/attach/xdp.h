/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp.h - XDP programs on interfaces: prepare (all that can fail for reasons of ours), attach,
 * detach. One program serves all interfaces whose frames begin alike. Links are pinned
 * (xdp_link.h); where the kernel has none, nothing is (direct.h).
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/generation/generation.h"
#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "kernel/object/load.h"
#include "kernel/object/maps.h"
#include "util/error.h"

/* What will be done with one interface. */
struct xdp_plan {
	const struct device *device;
	unsigned int slot;
	bool wanted;	/* XDP can read this kind of device */
	bool keep;	/* the program is attached already */
	bool again;	/* it is, but goes (for a moment): one has to get below it */
	bool link;	/* a new attachment is a link */
	bool displaced; /* ours was there, and another program has taken its place */
	int program_fd; /* the program to attach; owned by struct xdp_plans */
};

/* The program for frames with so many bytes before the IP header. */
struct xdp_program {
	bool is_there;
	int l2_length;
	struct rolewall_bpf *object; /* owned; NULL: it is attached elsewhere already */
	int fd;			     /* owned by object, if there is one */
};

#define XDP_PROGRAMS 2 /* Ethernet, and none */

/* Owning. */
struct xdp_plans {
	struct devices devices; /* as they were when the plans were made */
	struct xdp_plan *list;	/* from the lower devices to those above them */
	size_t count;
	struct xdp_program programs[XDP_PROGRAMS];
};

void xdp_plans_free(struct xdp_plans *plans);
#define _xdp_plans_ __attribute__((cleanup(xdp_plans_free)))

/*
 * For every interface of `about` that exists: load the program it needs, unless it has it. With
 * `replace`, what is attached is of another build and must be replaced.
 */
int xdp_prepare(const struct instance *instance, const struct features *features,
		const struct maps *maps, const struct about *about, bool replace,
		struct xdp_plans *ret, struct error *ret_error);

/*
 * Carry the plans out. Whatever refuses XDP (no driver support, a foreign program, a device that is
 * gone by now) stays with the cgroup hook, which is no error; anything else is.
 */
int xdp_attach(const struct instance *instance, const struct maps *maps,
	       const struct xdp_plans *plans, struct error *ret_error);

/* Detach from interfaces that `about` does not list (NULL: from all), and forget devices that are
 * gone. */
int xdp_detach(const struct instance *instance, const struct maps *maps, const struct about *about,
	       const struct devices *devices, struct error *ret_error);

/* Our program on this device: its mode, or XDP_MODE_NONE. `note` says why not native. */
enum xdp_mode xdp_query(const struct instance *instance, const struct devices *devices,
			const struct device *device, char *note, size_t note_size);

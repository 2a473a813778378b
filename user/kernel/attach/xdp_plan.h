/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp_plan.h - what will be done with each interface: all of an attachment that can fail for
 * reasons of ours. One program serves all interfaces whose frames begin alike.
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/generation/generation.h"
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
	bool again;	/* it is, but goes (for a moment): something changes below it */
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

/* A program of this instance is there, with or without a link. */
bool xdp_is_attached(const struct instance *instance, const struct device *device);

/*
 * Something of ours that can be exchanged. Where there are links, what was attached without one is
 * not: the device may still show the program of a link whose pin was removed just now.
 */
bool xdp_is_in_place(const struct instance *instance, const struct xdp_plan *plan);

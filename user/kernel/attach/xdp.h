/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp.h - XDP programs on interfaces: prepare (all that can fail for reasons of ours), attach,
 * detach. The pin is links/xdp-INTERFACE, with a colon for each dot; without links there is none
 * (direct.h).
 */
#ifndef ROLEWALL_KERNEL_XDP_H
#define ROLEWALL_KERNEL_XDP_H

#include <stdbool.h>

#include "host/device.h"
#include "kernel/generation/generation.h"
#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "kernel/object/load.h"
#include "kernel/object/maps.h"
#include "util/error.h"

/* What will be done with one interface. Owning. */
struct xdp_plan {
	struct device device;
	unsigned int slot;
	bool wanted;		     /* XDP can read this kind of device */
	bool keep;		     /* the right program is attached already */
	bool link;		     /* a new attachment is a link */
	struct rolewall_bpf *object; /* the program to attach */
	int program_fd;		     /* owned by object */
};

struct xdp_plans {
	struct xdp_plan *list; /* owned */
	size_t count;
};

void xdp_plans_free(struct xdp_plans *plans);
#define _xdp_plans_ __attribute__((cleanup(xdp_plans_free)))

/*
 * For every interface of `about` that exists: load the program it needs, unless it has it. With
 * `replace`, what is attached is of another build and has to be replaced.
 */
int xdp_prepare(const struct instance *instance, const struct features *features,
		const struct maps *maps, const struct about *about, bool replace,
		struct xdp_plans *ret, struct error *ret_error);

/*
 * Carry the plans out. Whatever refuses XDP (no driver support, a foreign program) stays with the
 * cgroup hook, which is no error; anything else is.
 */
int xdp_attach(const struct instance *instance, const struct maps *maps,
	       const struct xdp_plans *plans, struct error *ret_error);

/* Detach from interfaces that `about` does not list (NULL: from all), and forget devices that are
 * gone. */
int xdp_detach(const struct instance *instance, const struct maps *maps, const struct about *about,
	       struct error *ret_error);

/* Our program on this device: its mode, or XDP_MODE_NONE. `note` says why not native. */
enum xdp_mode xdp_query(const struct instance *instance, const struct device *device, char *note,
			size_t note_size);

#endif

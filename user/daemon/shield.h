/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shield.h - interfaces on tc get native XDP beside it when a flood comes, and lose it when that is over.
 *
 * The programs are loaded before, for that takes a second, and much longer in a flood.
 */
#pragma once

#include "daemon/flood.h"
#include "daemon/in_force.h"
#include "daemon/links.h"
#include "kernel/object/load.h"
#include "util/loop.h"

/* One interface; what it is at the moment, the kernel says. */
struct shield_seat {
	uint32_t ifindex; /* 0: none */
	bool is_wanted;
	bool is_refused; /* by the driver, or the kernel: it is not asked again */
	int own_fd;	 /* owned: tc's own program; -1: not known */
	struct flood flood;
	enum flood_turn turn; /* is to be carried out */
};

/* Programs for interfaces whose frames begin alike. */
struct shield_loaded {
	struct rolewall_bpf *object; /* owned; NULL: not loaded */
	int xdp, behind;	     /* owned by that */
	bool failed;		     /* was said */
};

#define SHIELD_KINDS 2 /* of frames: Ethernet, or none */

struct shield {
	struct in_force *in_force; /* not owned, as the next two */
	struct links *links;
	struct loop *loop;
	struct flood_limits limits;
	struct watch timer; /* owned, as all below */
	struct features features;
	bool probed;
	uint32_t maps_id;    /* that the programs have */
	uint32_t generation; /* that the seats are of */
	struct shield_loaded loaded[SHIELD_KINDS];
	struct shield_seat seats[RW_SLOTS]; /* by slot */
};

/* in_force, links, loop and limits are filled in already. */
int shield_open(struct shield *shield, struct error *ret_error);
void shield_close(struct shield *shield);

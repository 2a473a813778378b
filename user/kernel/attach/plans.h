/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plans.h - which program goes on which interface, and by which way: what can fail for reasons of
 * ours. One program serves all interfaces whose frames begin alike.
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"
#include "kernel/attach/shield.h"
#include "kernel/attach/ways.h"
#include "kernel/generation/generation.h"
#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "kernel/object/load.h"
#include "kernel/object/maps.h"
#include "util/error.h"

/* What will be done with one interface. */
struct plan {
	const struct device *device;
	unsigned int slot;
	enum way ways[WAYS]; /* to be tried, the best first */
	size_t way_count;    /* 0: the cgroup hook alone */
	bool has_xdp;	     /* a program of ours is attached already */
	bool has_tc;
	enum shield_state shield;
	bool leaves;	/* the program that learns from what leaves is there, and stays */
	bool keep;	/* that does */
	bool again;	/* XDP's goes (for a moment): something changes below it */
	bool displaced; /* XDP's was there, and another program has taken its place */
};

/* The program for some kind of frames. */
struct plan_program {
	bool is_there;
	struct frames frames;
	struct rolewall_bpf *object; /* owned; NULL: it is attached elsewhere already */
	int fd;			     /* owned by object, if there is one */
};

#define PLAN_PROGRAMS 6 /* XDP, tc and what leaves; Ethernet and none */

/* Owning. */
struct plans {
	const struct instance *instance; /* borrowed, as the next */
	const struct features *features;
	struct devices devices; /* as they were when the plans were made */
	struct plan *list;	/* from the lower devices to those above them */
	size_t count;
	struct plan_program programs[PLAN_PROGRAMS];
	bool xdp_link; /* a new attachment is a link */
	bool tc_link;
};

void plans_free(struct plans *plans);
#define _plans_ __attribute__((cleanup(plans_free)))

/* What there is beside the plans. */
struct plans_request {
	const struct instance *instance;
	const struct features *features;
	const struct maps *maps;
	const struct about *about;
	const struct about *before; /* of the policy in force; NULL: there is none */
	bool replace;		    /* what is attached is of another build and must be replaced */
};

/*
 * For every interface of `about` that exists: load the program of its best way, unless it has one.
 * `ret` borrows the request's instance and features.
 */
int plans_make(const struct plans_request *request, struct plans *ret, struct error *ret_error);

/*
 * The program of one of a plan's ways. That of another than the best one is loaded here: few drivers
 * refuse that one, and a program takes a second to verify. `ret_fd` is owned by the plans.
 */
int plans_program(struct plans *plans, const struct plan *plan, enum way way, int *ret_fd,
		  struct error *ret_error);

/* The program that learns from what leaves a plan's device (features->flow_kinds). Likewise. */
int plans_leave(struct plans *plans, const struct plan *plan, int *ret_fd, struct error *ret_error);

/* Is the way among those that are to be tried? */
bool plan_has_way(const struct plan *plan, enum way way);

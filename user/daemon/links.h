/* SPDX-License-Identifier: GPL-2.0 */
/*
 * links.h - interfaces that come and go: when one that the policy lists appears, XDP is attached to
 * it. Until then the cgroup hook judges what arrives there.
 */
#pragma once

#include <libmnl/libmnl.h>

#include "daemon/in_force.h"
#include "host/device.h"
#include "host/forwarding.h"
#include "util/burst.h"
#include "util/loop.h"

struct links {
	struct in_force *in_force; /* not owned */
	struct loop *loop;	   /* not owned */
	struct mnl_socket *socket; /* owned, as all below */
	struct watch news;
	struct watch pause; /* changes come in bursts */
	struct burst burst;
	struct devices devices;	      /* as they were after the last refresh */
	bool has_tc[RW_SLOTS];	      /* so was this: a program of ours on tc, by slot */
	bool force;		      /* the last refresh failed, or there was none yet */
	struct forwarding forwarding; /* so was this */
	bool exchange;		      /* it has just started: another version's programs give way */
};

/* Attaches what is missing now. 0 or -errno; that nothing is applied is no error. */
int links_open(struct links *links, struct loop *loop, struct in_force *in_force,
	       struct error *ret_error);
void links_close(struct links *links);

/*
 * Another policy is in force. Its apply has seen to the interfaces, but some may have come since.
 */
void links_policy_changed(struct links *links);

/* Looks whether this host has begun or ceased to forward: the programs for it are other ones. */
void links_look_at_forwarding(struct links *links);

/* A program of this daemon's own has come or gone: that is no news. */
void links_look(struct links *links);

/* The name of a device, gone ones as "if12". */
void links_name(const struct links *links, uint32_t ifindex, char ret[16]);

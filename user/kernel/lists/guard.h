/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guard.h - sources that must not be banned: such a ban would cut off its author or the node.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "policy/cidr.h"
#include "policy/cidr_set.h"
#include "util/error.h"

enum guarded_as {
	GUARDED_SESSION, /* the caller's own SSH session comes from there */
	GUARDED_NEVER,	 /* in the never-ban list of the policy in force, or of what it will be */
	GUARDED_OWN,	 /* an address of this host */
	GUARDED_LOOPBACK,
	GUARDED_NETWORK, /* network of an interface that is internal or vpn: gives way to force */
};

struct guarded {
	struct cidr source;
	enum guarded_as as;
	uint16_t why;	    /* of a never-ban: RW_NEVER_BAN_* */
	char interface[16]; /* of a network; else "" */
};

struct guard {
	struct guarded *list; /* owned; of what guards the same prefix, the first is named */
	size_t count;
	struct cidr_set firm,
		soft; /* those that do not give way, and those that do; by their place */
};

/* Bits of IPv4 and IPv6 prefixes that are not banned without force. */
#define GUARD_IPV4_MIN 8
#define GUARD_IPV6_MIN 16

int guard_read(const struct instance *instance, const struct maps *maps, struct guard *ret,
	       struct error *ret_error);
void guard_free(struct guard *guard);

/* Before it is asked: `list` is whole. 0 or -ENOMEM. */
int guard_finish(struct guard *guard);

/*
 * May it be banned? 0, or -EINVAL with the reason and what to do. Pure; what it costs hardly grows
 * with the list (cidr_set.h).
 */
int guard_check(struct guard *guard, const struct cidr *ban, bool force, struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * forwarding.h - does this host route for others, or translate addresses, or have tunnels of the kernel?
 *
 * Then packets arrive that belong to no socket of its own, and are no strangers' all the same.
 */
#pragma once

#include <stdbool.h>

struct forwarding {
	bool routes;	 /* from one interface to another: of IPv4 or IPv6, all or any of them */
	bool translates; /* a rule of nftables or iptables changes addresses; asked if not `routes` */
	bool tunnels;	 /* a device is up whose packets the kernel itself wraps and sends */
	bool tracks;	 /* connection tracking is there (the module nf_conntrack) */
};

/* The older iptables has its table nat: asking for its rules makes none. */
bool forwarding_has_iptables(bool ipv6);

/* Whatever cannot be found out (NAT rules need root) counts as not there. */
void forwarding_read(struct forwarding *ret);

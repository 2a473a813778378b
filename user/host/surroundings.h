/* SPDX-License-Identifier: GPL-2.0 */
/*
 * surroundings.h - what else on this host decides about packets: routing for others, bridges of
 * containers, other firewalls.
 */
#ifndef ROLEWALL_KERNEL_SURROUNDINGS_H
#define ROLEWALL_KERNEL_SURROUNDINGS_H

#include <stdbool.h>

#include "policy/compile.h"

struct surroundings {
	bool forwards;	     /* IPv4 or IPv6 */
	char bridges[128];   /* "docker0, br-1f2e"; empty: none */
	char firewalls[256]; /* "firewalld, nftables table inet filter (12 rules)"; empty: none */
};

/* Whatever cannot be found out (other firewalls need root) counts as not there. 0 or -ENOMEM. */
int surroundings_read(struct surroundings *ret);

/* Warnings about this host under that policy. `ret` is added to; 0 or -ENOMEM. */
int surroundings_advise(const struct tables *tables, struct warnings *ret);

#endif

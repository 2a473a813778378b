/* SPDX-License-Identifier: GPL-2.0 */
/*
 * other_firewalls.h - what else on this host decides about packets: routing for others, bridges of
 * containers, other firewalls.
 */
#pragma once

#include <stdbool.h>

#include "util/warnings.h"

struct other_firewalls {
	bool forwards;	     /* IPv4 or IPv6 */
	char bridges[128];   /* "docker0, br-1f2e"; empty: none */
	char firewalls[256]; /* "firewalld, nftables table inet filter (12 rules)"; empty: none */
};

/* Whatever cannot be found out (other firewalls need root) counts as not there. 0 or -ENOMEM. */
int other_firewalls_read(struct other_firewalls *ret);

/* Warnings about them. `ret` is added to; 0 or -ENOMEM. */
int other_firewalls_advise(struct warnings *ret);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proposal.h - a first node file for a host, and why it says what it says.
 *
 *	- tun, WireGuard and ppp devices are vpn; a ppp device with the default route is external
 *	- the device with the default route is external
 *	- of the others, those with a public address are external, those with private ones internal
 *	- a bridge with private addresses is internal, by the cgroup hook: its guests reach services of this
 *		host, and what they send elsewhere is left alone
 *	- published ports (DNAT) that no role opens become services
 *	- devices of containers and machines, and those without an address, are left out:
 *		what is not listed is external
 *	- the profile is the one that the host is recognised by, of its release (host/recognise.h);
 *		roles are those whose packages, files, containers or listeners are there
 *	- a person who is connected from outside becomes a management source, to be able to return
 */
#pragma once

#include <jansson.h>

#include "host/host_facts.h"
#include "tables/profile.h"

struct proposal {
	json_t *node;  /* owned; the node file */
	json_t *notes; /* owned; what was decided and why, a string each */
};

/* `profile`: NULL to choose one of those below `roles_dir`. -ENOENT: there is none. */
int proposal_make(const struct host_facts *facts, const char *roles_dir, const char *profile,
		  struct proposal *ret, struct error *ret_error);
void proposal_free(struct proposal *proposal);

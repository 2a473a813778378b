/* SPDX-License-Identifier: GPL-2.0 */
/*
 * instance.h - where one Rolewall lives. Several can live on one machine, each in its own network
 * namespace with its own directories.
 *
 * Layout of bpffs_dir (root, 0750):
 *	maps/NAME		every map of bpf/maps.bpf.h
 *	links/xdp-IFINDEX	one for each interface that XDP covers
 *	links/cgroup-HOOK	ingress, egress, bind4, bind6, connect6
 *	generation-N/policy, zones, rules, about, text
 *				what generation N consists of; the one in force and the one before it
 *
 * Layout of lib_dir (root, 0750):
 *	confirmed.json		the policy that was confirmed last, compiled
 *	names.json		what the names in sets stood for last (report/followed.h)
 */
#pragma once

#include <stdbool.h>

struct instance {
	const char *bpffs_dir;	/* default /sys/fs/bpf/rolewall */
	const char *cgroup_dir; /* NULL: the root of cgroup v2, mounted privately if need be */
	const char *state_dir;	/* default /run/rolewall; holds the lock */
	const char *lib_dir;	/* default /var/lib/rolewall; what survives a reboot */
	/* Called with the name (lock.h) of a lock before the wait for it; may be NULL. */
	void (*on_wait)(const void *context, const char *lock);
	const void *context; /* for on_wait */
	/* The daemon's way: a lock that is held makes what needs it fail with -EAGAIN, to be tried
	 * again; for who waits does nothing else meanwhile. */
	bool never_waits;
};

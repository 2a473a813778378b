/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe.h - what this kernel can do, found out by trying (not by its version).
 */
#pragma once

#include <stdbool.h>

/* How a program on a cgroup hook finds out that a socket is another network namespace's. */
enum netns_way {
	NETNS_NONE,   /* it does not: every socket counts as this node's */
	NETNS_MARK,   /* by a mark that the socket got when it was made: 5.10 */
	NETNS_COOKIE, /* it asks: 6.14 */
};

struct features {
	bool ringbuf;	    /* BPF_MAP_TYPE_RINGBUF, bpf_jiffies64, bpf_ktime_get_boot_ns: 5.8 */
	bool cgroup_lookup; /* bpf_skc_lookup_tcp in cgroup_skb: 5.8 */
	bool frags;	    /* XDP programs on frames in several buffers: 5.18 */
	bool links;	    /* BPF_LINK_CREATE for XDP and cgroup: 5.9 */
	bool tcx;	    /* BPF_LINK_CREATE for tc: 6.6 */
	bool forwards;	    /* this host routes or translates for others: host/forwarding.h */
	bool conntrack;	    /* if so: programs can ask its connection tracking: 5.18 */
	unsigned int flow_kinds; /* RW_FLOW_*: what is learned of what leaves; 0: nothing is */
	enum netns_way netns;	 /* where there is no ring buffer, none */
	bool cookies;		 /* SYN cookies for XDP and tc: 5.3; as netns */
};

/*
 * For tests of the old ways on new kernels, the environment variable ROLEWALL_PROBE_OFF ("load,
 * ringbuf,cgroup_lookup,boot_clock,bind_cookie,frags,links,tcx,conntrack,conntrack_programs,
 * flows,flows_programs,netns_cookie,netns_mark,netns_socket,syn_cookies,replace,batch", any of them) answers "no" whatever the
 * kernel says.
 */
bool probe_is_off(const char *name);

/* May a BPF program be loaded at all? */
bool probe_loads(void);
void features_probe(struct features *ret);

/* RW_KNOWS_PROGRAMS: which programs stand on interfaces where this is so. */
unsigned int features_programs(const struct features *features);

/* The programs for this did not load: with less, the others may. False: there is nothing less. */
bool features_reduce(struct features *features);

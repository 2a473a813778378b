/* SPDX-License-Identifier: GPL-2.0 */
/*
 * snapshot.h - what is in force right now, read from the kernel and from nowhere else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "policy/tables.h"
#include "util/error.h"

struct interface_state {
	char name[16];
	uint32_t ifindex; /* 0: no such device now */
	uint8_t slot;	  /* 1 .. RW_SLOTS - 1; 0: it is not listed */
	uint8_t zone;	  /* as the policy has it: one RW_ZONE_* bit */
	uint8_t in_force; /* as its packets are judged: external until it is attached */
	uint8_t choice;	  /* enum hook_choice: what the node file asks for */
	uint8_t shield;	  /* enum shield_choice: likewise */
	bool shielded;	  /* native XDP stands beside tc there, for there is a flood */
	bool lost;	  /* a program of ours belongs there, and is gone: the cgroup hook judges */
	bool is_port;	  /* of a bridge, bond, ...: what it brings comes in by that */
	enum hook hook;	  /* what judges its packets; HOOK_NONE = nothing does, or the device is
			     absent */
	enum xdp_mode xdp_mode;
	bool answers;	/* SYN cookies can be sent back by it */
	char note[192]; /* why it is not native XDP, or that the device is absent; may be empty */
};

struct rule_state {
	struct rule rule;
	uint32_t index;			/* counter slot */
	struct rw_rule_counter counter; /* summed over CPUs */
};

struct snapshot {
	uint32_t generation;
	uint8_t flags; /* RW_POLICY_* of the policy in force */
	uint16_t echo_rate;
	char node[256];
	char profile[TABLES_NAME_MAX];
	char roles[1024]; /* comma separated, "every-node" first */
	char node_file[256];
	int64_t applied_at;  /* seconds since the epoch */
	bool cgroup_ingress; /* hooks really attached, as the kernel says */
	bool cgroup_egress;
	bool cgroup_bind4;
	bool cgroup_bind6;
	bool cgroup_connect6;
	bool cgroup_established;
	bool cookies;	 /* the programs can make SYN cookies on this kernel */
	bool syncookies; /* and the kernel would: net.ipv4.tcp_syncookies is not 0 */
	struct rw_cookie_counter cookie_counter; /* summed over CPUs */
	bool namespaces; /* the programs know the sockets of other network namespaces */
	bool forwards;	 /* this host forwards or translates for others */
	bool tunnels;	 /* flows of its own tunnels are learned */
	bool flows;	 /* and those of others */
	bool conntrack;	 /* and the programs on interfaces ask what the kernel tracks of it */
	struct interface_state *interfaces; /* owned */
	size_t interface_count;
	struct interface_state *unlisted; /* owned; those of this host that no policy lists */
	size_t unlisted_count;
	struct rule_state *rules; /* owned; sorted as in tables.h */
	size_t rule_count;
	struct rw_counter reasons[RW_REASON_COUNTERS]; /* without the rules' packets; see abi.h */
	struct rw_evicted evicted[RW_REASON_COUNT];
	struct rw_event_state events; /* summed over CPUs */
	struct rw_pending pending;    /* zeros: it need not be confirmed (any more) */
	struct rw_pending taken_back; /* the change before it, if that was not to stay; or zeros */
	uint32_t previous;  /* was in force before; 0: none was, or there is no way back */
	bool previous_lost; /* it should be kept, and is not: `rollback` has nowhere to go */
};

/*
 * Packets and bytes of `reason`, the rules' included (zone-denied and open are counted in the rules).
 * Of those that mean a drop: what was refused, and what mode observe let pass.
 */
struct rw_counter snapshot_count(const struct snapshot *snapshot, unsigned int reason);
struct rw_counter snapshot_observed(const struct snapshot *snapshot, unsigned int reason);

/* Both together: what the policy is against. */
uint64_t snapshot_packets(const struct snapshot *snapshot, unsigned int reason);

/* Sums over all reasons. */
struct totals {
	uint64_t passed;   /* for a reason to pass */
	uint64_t dropped;  /* refused */
	uint64_t observed; /* would have been; mode observe let it pass */
	uint64_t evicted;
	uint64_t unattributed;
};

struct totals snapshot_totals(const struct snapshot *snapshot);

bool snapshot_has_limits(const struct snapshot *snapshot);

/* Everything is attached that the policy needs: each present interface has its hook, both cgroup skb
 * hooks are there, the bind hooks if the policy guards binds, and that of established connections if
 * it has limits. */
bool snapshot_is_enforced(const struct snapshot *snapshot);

/*
 * Read it. -ENOENT: nothing is applied. -EPERM, -EIO ...: `ret_error` says what. Untouched on
 * failure; the caller owns the result.
 */
int snapshot_read(const struct instance *instance, struct snapshot *ret, struct error *ret_error);
void snapshot_free(struct snapshot *snapshot);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * flow.bpf.h - is this the answer to what left the interface without a socket of this node?
 *
 * Tunnels of the kernel have no socket that could be found, and containers none of this node. What
 * leaves is seen by bpf/leave.bpf.h, where there is such a thing: other hosts load programs that do not
 * know the question (user/kernel/object/load.c). The cgroup hook never asks it: a flow opens no socket.
 */
#pragma once

#include "state.bpf.h"

#ifdef RW_FLOWS_KNOWN

/* `packet` comes in, or is turned. */
static __always_inline void flow_key(struct rw_flow_key *ret, const struct packet *packet)
{
	__builtin_memset(ret, 0, sizeof(*ret));
	__builtin_memcpy(ret->remote, &packet->source, sizeof(ret->remote));
	__builtin_memcpy(ret->local, &packet->destination, sizeof(ret->local));
	ret->protocol = packet->protocol;
	if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) {
		ret->remote_port = packet->ports[0];
		ret->local_port = packet->ports[1];
	}
}

static __always_inline bool flow_goes_on(const struct rw_flow_key *key, __u64 now)
{
	__u64 *last = bpf_map_lookup_elem(&flows, key);

	/* Sums: RHEL 8.4 gets differences wrong (state.bpf.h). */
	return last &&
	       now < *last + (key->protocol == IPPROTO_TCP ? RW_FLOW_TCP_NS : RW_CONVERSATION_NS);
}

/* No inlining: the key has no room on the stack of those that judge. */
static __noinline bool has_flow(const struct packet *packet)
{
	__u64 now = bpf_ktime_get_ns();
	struct rw_flow_key key;

	flow_key(&key, packet);
	if (flow_goes_on(&key, now))
		return true;
	if (packet->protocol != IPPROTO_UDP)
		return false;
	key.remote_port = 0;
	return flow_goes_on(&key, now);
}

static __always_inline bool is_flow(const struct hook_context *hook, const struct packet *packet)
{
	return hook->can & CAN_FLOW && flow_kinds && has_flow(packet);
}

#else

static __always_inline bool is_flow(const struct hook_context *hook, const struct packet *packet)
{
	return false;
}

#endif

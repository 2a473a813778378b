/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zone.bpf.h - packet -> zone: the interface's, unless a source prefix of that interface says else.
 */
#pragma once

#include "parse.bpf.h"

#define SLOT_UNASKED 0xffffffff

/* Where a packet was met. */
struct hook_context {
	void *ctx;
	__u32 ifindex;
	__u32 slot; /* of the interface itself, or SLOT_UNASKED: few packets need it */
	__u64 can;  /* CAN_*, a constant of the entry point */
	bool again; /* XDP has judged, and counted, the packet before */
};

static __always_inline struct rw_policy_entry *policy_at(void *tables, __u32 index)
{
	return bpf_map_lookup_elem(tables, &index);
}

/*
 * A VLAN has a slot of its own; an unlisted VLAN counts as an unlisted interface. (The cgroup hook,
 * which has asked, sees no tags.)
 */
static __always_inline __u32 slot_of(const struct hook_context *hook, const struct packet *packet)
{
	struct rw_interface_key key = {.ifindex = hook->ifindex, .vlan = packet->vlan};
	struct rw_interface *interface;

	if (hook->slot != SLOT_UNASKED)
		return hook->slot;
	interface = bpf_map_lookup_elem(&interfaces, &key);
	return interface ? interface->slot : 0;
}

/* What a list of the policy says of the packet's source, by the longest prefix; NULL. */
static __always_inline __u64 *source_find(const struct packet *packet, void *tables, __u32 list)
{
	struct rw_zone_key key = {.prefixlen = 32 + 128};
	struct rw_policy_entry *header = policy_at(tables, 0);
	__u32 side = header ? header->header.side : 0;
	void *prefixes = bpf_map_lookup_elem(&zone_prefixes, &side);

	key.list = bpf_htonl(list);
	__builtin_memcpy(key.source, &packet->source, sizeof(key.source));
	return prefixes ? bpf_map_lookup_elem(prefixes, &key) : NULL;
}

/* What the node lives on is never banned, no matter who bans it, and when. */
static __noinline bool is_never_banned(const struct packet *packet, void *tables)
{
	__u64 *why = source_find(packet, tables, RW_NEVER_BAN_LIST);

	return why && *why != RW_NEVER_BAN_NONE;
}

static __always_inline struct rw_policy_entry *slot_at(void *tables, __u32 index)
{
	return policy_at(tables, RW_POLICY_SLOTS + (index & (RW_SLOTS - 1)));
}

/* RW_ZONE_* bits of the packet's source. */
static __noinline __u64 zone_of(const struct hook_context *hook, const struct packet *packet,
				void *tables)
{
	struct rw_policy_entry *slot = slot_at(tables, slot_of(hook, packet));
	__u64 bits = 0, *found;

	if (!slot)
		return RW_ZONE_EXTERNAL;
	if (slot->slot.list) {
		found = source_find(packet, tables, slot->slot.list);
		if (found)
			bits = *found & (slot->slot.sets | ~RW_ZONE_SETS);
	}
	if (bits & RW_ZONE_ALL)
		return bits;
	return bits | (slot->slot.zone ? slot->slot.zone : RW_ZONE_EXTERNAL);
}

/* The number of the zone in those bits: an index below ZONE_NUMBERS. */
static __always_inline __u32 zone_number(__u64 bits)
{
	return (bits & RW_ZONE_ALL) >> 1;
}

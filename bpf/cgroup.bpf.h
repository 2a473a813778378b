/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.bpf.h - the cgroup entry points: the same verdict where XDP cannot be, and the two things
 * that only a socket's side can see: what this host sends, and what it binds.
 */
#ifndef ROLEWALL_CGROUP_BPF_H
#define ROLEWALL_CGROUP_BPF_H

#include "account.bpf.h"

#define CGROUP_DROP	0
#define CGROUP_PASS	1
#define LOOPBACK_IFINDEX 1 /* in every network namespace: net/core/dev.c, LOOPBACK_IFINDEX */

static __always_inline void skb_cursor(struct cursor *cursor, struct __sk_buff *skb)
{
	cursor->at = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	cursor->left = skb->len;
}

/* Every packet for a socket of this host passes here; what XDP has judged is not judged again. */
static __always_inline int filter_ingress(struct __sk_buff *skb, __u64 can)
{
	struct rw_interface_key key = {.ifindex = skb->ifindex};
	struct place place = {.ctx = skb, .ifindex = skb->ifindex, .can = can};
	struct packet packet = {.bytes = skb->len};
	struct rw_interface *interface;
	struct verdict verdict = {};
	struct cursor cursor;

	if (place.ifindex == LOOPBACK_IFINDEX)
		return CGROUP_PASS;
	interface = bpf_map_lookup_elem(&interfaces, &key);
	if (interface && interface->covered)
		return CGROUP_PASS;
	place.slot = interface ? interface->slot : 0;
	skb_cursor(&cursor, skb);
	judge(&place, &cursor, 0, &packet, &verdict);
	account(&place, &packet, &verdict);
	return is_dropped(&verdict) && verdict.enforce ? CGROUP_DROP : CGROUP_PASS;
}

/* 5.10 and later. */
SEC("cgroup_skb/ingress")
int rolewall_ingress(struct __sk_buff *skb)
{
	return filter_ingress(skb, CAN_RINGBUF | CAN_LOOKUP);
}

/* From 5.4 on: no lookup, but the socket is at hand. */
SEC("cgroup_skb/ingress")
int rolewall_ingress_54(struct __sk_buff *skb)
{
	return filter_ingress(skb, 0);
}

/* Learn what this host sends by UDP, unless everybody may come to that port anyway. */
SEC("cgroup_skb/egress")
int rolewall_egress(struct __sk_buff *skb)
{
	struct rw_policy_entry *entry;
	struct packet packet = {};
	struct cursor cursor;
	__u32 zero = 0;
	void *tables;

	if (skb->ifindex == LOOPBACK_IFINDEX)
		return CGROUP_PASS;
	skb_cursor(&cursor, skb);
	if (parse(&cursor, 0, 0, &packet) || packet.protocol != IPPROTO_UDP ||
	    packet.piece == PIECE_LATER)
		return CGROUP_PASS;
	tables = bpf_map_lookup_elem(&policy, &zero);
	if (!tables)
		return CGROUP_PASS;
	entry = policy_at(tables, RW_POLICY_PORTS + (RW_L4_UDP << 16) +
					  bpf_ntohs(packet.ports[0]));
	if (!entry || (entry->port.zones & RW_ZONE_ALL) != RW_ZONE_ALL)
		flow_learn(&packet);
	return CGROUP_PASS;
}

#endif

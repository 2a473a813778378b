/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.bpf.h - the cgroup entry points: the same verdict where XDP cannot be, and the two things
 * that only a socket's side can see: what this host sends, and what it binds.
 */
#ifndef ROLEWALL_CGROUP_BPF_H
#define ROLEWALL_CGROUP_BPF_H

#include "account.bpf.h"

#define CGROUP_DROP	 0
#define CGROUP_PASS	 1
#define LOOPBACK_IFINDEX 1 /* in every network namespace: net/core/dev.c, LOOPBACK_IFINDEX */
#define PACKET_LOOPBACK                                                                            \
	5 /* our own multicast or broadcast: linux/if_packet.h, never off a wire                   \
	   */

static __always_inline void skb_cursor(struct cursor *cursor, struct __sk_buff *skb)
{
	cursor->at = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	cursor->left = skb->len & LEFT_MASK;
	cursor->merged = true;
}

/*
 * Every packet for a socket of this host passes here. Where XDP covers the interface it is judged a
 * second time, and only a refusal counts: what came out of a tunnel without a device of its own
 * (IPsec), was redirected, or carried a VLAN tag that the network card took off, has not met XDP in
 * this shape.
 */
static __always_inline int filter_ingress(struct __sk_buff *skb, __u64 can)
{
	struct rw_interface_key key = {.ifindex = skb->ifindex};
	struct place place = {.ctx = skb, .ifindex = skb->ifindex, .can = can};
	struct packet packet = {.bytes = skb->len};
	struct rw_interface *interface;
	struct verdict verdict = {};
	struct cursor cursor;
	bool drop;

	if (place.ifindex == LOOPBACK_IFINDEX || skb->pkt_type == PACKET_LOOPBACK)
		return CGROUP_PASS;
	interface = bpf_map_lookup_elem(&interfaces, &key);
	place.slot = interface ? interface->slot : 0;
	place.again = interface && interface->covered;
	skb_cursor(&cursor, skb);
	judge(&place, &cursor, 0, &packet, &verdict);
	drop = is_dropped(&verdict) && verdict.enforce;
	if (place.again && !drop)
		return CGROUP_PASS;
	asm volatile("" : "+r"(drop)); /* as in filter_frame() */
	account(&place, &packet, &verdict);
	return drop ? CGROUP_DROP : CGROUP_PASS;
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

/* Report, or refuse, a bind of a port that no role opens. */
static __always_inline int guard_bind(struct bpf_sock_addr *ctx, const struct address *address,
				      __u64 can)
{
	__u16 port = bpf_ntohs(ctx->user_port);
	struct rw_bind_event bind = {.event.type = RW_EVENT_BIND};
	struct rw_policy_entry *header;
	__u32 zero = 0;
	void *tables;
	__u8 flags;

	tables = bpf_map_lookup_elem(&policy, &zero);
	header = tables ? policy_at(tables, 0) : NULL;
	if (!header || !(header->header.flags & RW_POLICY_BIND_OBSERVE) ||
	    is_bind_granted(tables, address, ctx->protocol, port))
		return CGROUP_PASS;
	flags = header->header.flags;
	bind.event.generation = header->header.generation;
	bind.event.time = bpf_ktime_get_ns();
	__builtin_memcpy(bind.event.attempt.source, address, sizeof(bind.event.attempt.source));
	bind.event.attempt.port = port;
	bind.event.attempt.l4 = ctx->protocol;
	bind.event.attempt.reason = RW_REASON_BIND_DENIED;
	bind.event.attempt.rule = RW_RULE_NONE;
	bind.event.attempt.observed = !(flags & RW_POLICY_BIND_DENY);
	bind.event.attempt.packets = 1;
	if (can & CAN_RINGBUF) {
		bind.pid = bpf_get_current_pid_tgid() >> 32;
		bpf_get_current_comm(bind.process, sizeof(bind.process));
	}
	count_bind(&bind, can);
	/* Decided here, and not before the call: below 5.10 a spilled value loses its bounds. */
	asm volatile("" : "+r"(flags));
	return flags & RW_POLICY_BIND_DENY ? CGROUP_DROP : CGROUP_PASS;
}

static __always_inline int guard_bind4(struct bpf_sock_addr *ctx, __u64 can)
{
	struct address address = {};

	address.words[2] = bpf_htonl(0xffff);
	address.words[3] = ctx->user_ip4;
	return guard_bind(ctx, &address, can);
}

static __always_inline int guard_bind6(struct bpf_sock_addr *ctx, __u64 can)
{
	struct address address;

	address.words[0] = ctx->user_ip6[0];
	address.words[1] = ctx->user_ip6[1];
	address.words[2] = ctx->user_ip6[2];
	address.words[3] = ctx->user_ip6[3];
	return guard_bind(ctx, &address, can);
}

SEC("cgroup/bind4")
int rolewall_bind4(struct bpf_sock_addr *ctx)
{
	return guard_bind4(ctx, CAN_RINGBUF);
}

SEC("cgroup/bind6")
int rolewall_bind6(struct bpf_sock_addr *ctx)
{
	return guard_bind6(ctx, CAN_RINGBUF);
}

/* From 5.4 on: counted, not reported. */
SEC("cgroup/bind4")
int rolewall_bind4_54(struct bpf_sock_addr *ctx)
{
	return guard_bind4(ctx, 0);
}

SEC("cgroup/bind6")
int rolewall_bind6_54(struct bpf_sock_addr *ctx)
{
	return guard_bind6(ctx, 0);
}

/*
 * Do the rules of the port that this was sent from admit the answer already? A conversation that
 * had been learned would admit it on every interface, under a source that is easily forged.
 */
static __always_inline bool is_answer_open(struct __sk_buff *skb, struct packet *packet,
					   void *tables)
{
	struct rw_interface_key key = {.ifindex = skb->ifindex};
	struct place place = {.ctx = skb, .ifindex = skb->ifindex};
	struct rw_interface *interface;
	struct rw_policy_entry *entry;
	__u16 zones;

	entry = policy_at(tables,
			  RW_POLICY_PORTS + (RW_L4_UDP << 16) + bpf_ntohs(packet->ports[0]));
	zones = entry ? entry->port.zones : 0;
	if (!zones || (zones & RW_ZONE_ALL) == RW_ZONE_ALL)
		return zones != 0;
	interface = bpf_map_lookup_elem(&interfaces, &key);
	place.slot = interface ? interface->slot : 0;
	packet->source = packet->destination;
	return zones & zone_of(&place, packet, tables);
}

/* Learn what this host sends by UDP, and by TCP from sockets that are bound to a device. */
SEC("cgroup_skb/egress")
int rolewall_egress(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct cursor cursor;
	__u32 zero = 0;
	void *tables;

	if (skb->ifindex == LOOPBACK_IFINDEX)
		return CGROUP_PASS;
	skb_cursor(&cursor, skb);
	if (parse_link(&cursor, 0, &packet) || parse_network(&cursor, &packet) ||
	    packet.piece == PIECE_LATER)
		return CGROUP_PASS;
	if (packet.protocol == IPPROTO_TCP)
		bound_learn(skb, &packet);
	if (packet.protocol != IPPROTO_UDP)
		return CGROUP_PASS;
	tables = bpf_map_lookup_elem(&policy, &zero);
	if (tables && !is_answer_open(skb, &packet, tables))
		flow_learn(&packet);
	return CGROUP_PASS;
}

#endif

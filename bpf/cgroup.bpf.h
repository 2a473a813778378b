/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.bpf.h - the cgroup entry points: the same verdict where XDP cannot be, and the two things
 * that only a socket's side can see: what this host sends, and what it binds.
 */
#pragma once

#include "account.bpf.h"

#define CGROUP_DROP	 0
#define CGROUP_PASS	 1
#define LOOPBACK_IFINDEX 1 /* in every network namespace: net/core/dev.c, LOOPBACK_IFINDEX */

/* Is the context's socket of the instance's own network namespace? */
static __always_inline bool is_own_netns(void *ctx)
{
	if (own_netns == RW_NETNS_UNKNOWN)
		return true;
	if (own_netns == RW_NETNS_INITIAL)
		return bpf_get_netns_cookie(ctx) == bpf_get_netns_cookie(NULL);
	return bpf_get_netns_cookie(ctx) == own_netns;
}

/*
 * Is the socket of another network namespace? That is not this node: its interfaces have numbers of
 * their own, and this node did not begin what it sends.
 */
static __always_inline bool is_foreign(struct __sk_buff *skb, __u64 can)
{
	struct bpf_sock *sock;

	if (can & CAN_NETNS)
		return !is_own_netns(skb);
	if (!(can & CAN_MARK))
		return false;
	sock = skb->sk;
	sock = sock ? bpf_sk_fullsock(sock) : NULL;
	return sock && bpf_sk_storage_get(&foreign_sockets, sock, NULL, 0);
}

/* Whom no conversation let in does not get one by being answered: it is noted, see state.bpf.h. */
static __always_inline void note_unasked(struct __sk_buff *skb, const struct packet *packet,
					 const struct verdict *verdict)
{
	struct bpf_sock *sock = skb->sk;

	if (verdict->reason == RW_REASON_MALFORMED || verdict->reason == RW_REASON_IPV6_OFF) {
		if (sock)
			unasked_note(RW_UNASKED_BLIND + (sock->src_port & 0xffff),
				     bpf_ktime_get_ns());
		return;
	}
	if (packet->protocol == IPPROTO_UDP && packet->fragment != FRAGMENT_LATER &&
	    verdict->reason != RW_REASON_ESTABLISHED)
		peer_note(packet, bpf_ktime_get_ns());
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
	struct hook_context hook = {.ctx = skb, .ifindex = skb->ifindex, .can = can | IS_SKB};
	struct packet packet = {.bytes = skb->len};
	struct rw_interface *interface;
	struct verdict verdict = {};
	struct cursor cursor;
	bool drop;

	if (hook.ifindex == LOOPBACK_IFINDEX || skb->pkt_type == PACKET_LOOPBACK ||
	    is_foreign(skb, can))
		return CGROUP_PASS;
	interface = bpf_map_lookup_elem(&interfaces, &key);
	hook.slot = interface ? interface->slot : 0;
	hook.again = interface && interface->covered;
	skb_cursor(&cursor, skb);
	judge(&hook, &cursor, 0, &packet, &verdict);
	drop = is_dropped(&verdict) && verdict.enforce;
	if (!drop)
		note_unasked(skb, &packet, &verdict);
	if (hook.again && !drop)
		return CGROUP_PASS;
	asm volatile("" : "+r"(drop)); /* as in filter_frame() */
	account(&hook, &packet, &verdict);
	return drop ? CGROUP_DROP : CGROUP_PASS;
}

/* 6.14 and later: the namespace can be asked for. */
SEC("cgroup_skb/ingress")
int rolewall_ingress(struct __sk_buff *skb)
{
	return filter_ingress(skb, CAN_RINGBUF | CAN_LOOKUP | CAN_NETNS);
}

/* 5.10 and later: the socket was marked when it was made. */
SEC("cgroup_skb/ingress")
int rolewall_ingress_mark(struct __sk_buff *skb)
{
	return filter_ingress(skb, CAN_RINGBUF | CAN_LOOKUP | CAN_MARK);
}

/* 5.8: namespaces cannot be told apart. */
SEC("cgroup_skb/ingress")
int rolewall_ingress_58(struct __sk_buff *skb)
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
	__u32 flags;

	if ((can & CAN_NETNS) && !is_own_netns(ctx))
		return CGROUP_PASS;
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

static __always_inline void address_read6(struct address *ret, const struct bpf_sock_addr *ctx)
{
	ret->words[0] = ctx->user_ip6[0];
	ret->words[1] = ctx->user_ip6[1];
	ret->words[2] = ctx->user_ip6[2];
	ret->words[3] = ctx->user_ip6[3];
}

static __always_inline int guard_bind6(struct bpf_sock_addr *ctx, __u64 can)
{
	struct address address;

	address_read6(&address, ctx);
	return guard_bind(ctx, &address, can);
}

SEC("cgroup/bind4")
int rolewall_bind4(struct bpf_sock_addr *ctx)
{
	return guard_bind4(ctx, CAN_RINGBUF | CAN_NETNS);
}

SEC("cgroup/bind6")
int rolewall_bind6(struct bpf_sock_addr *ctx)
{
	return guard_bind6(ctx, CAN_RINGBUF | CAN_NETNS);
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

/* "ipv6": "drop", and in mode enforce: no hook lets an answer in. */
static __always_inline bool is_ipv6_refused(void)
{
	const __u8 both = RW_POLICY_IPV6_DROP | RW_POLICY_ENFORCE;
	struct rw_policy_entry *header;
	__u32 zero = 0;
	void *tables;

	tables = bpf_map_lookup_elem(&policy, &zero);
	header = tables ? policy_at(tables, 0) : NULL;
	return header && (header->header.flags & both) == both;
}

/* Does what is sent there leave by loopback, or over IPv4? The way is not known yet. */
static __always_inline bool is_reached(const struct address *address)
{
	if (is_ipv4_mapped(address) || bpf_map_lookup_elem(&own_addresses, address))
		return true;
	return !address->halves[0] && address->halves[1] <= bpf_cpu_to_be64(1); /* :: and ::1 */
}

/*
 * docs/verdict.md, 12: connect() fails at once. (A SYN that the egress hook drops is sent again and again,
 * as if a wire had lost it.)
 */
static __always_inline int refuse_connect6(struct bpf_sock_addr *ctx, __u64 can)
{
	struct address address;

	if ((can & CAN_NETNS) && !is_own_netns(ctx))
		return CGROUP_PASS;
	address_read6(&address, ctx);
	return is_reached(&address) || !is_ipv6_refused() ? CGROUP_PASS : CGROUP_DROP;
}

SEC("cgroup/connect6")
int rolewall_connect6(struct bpf_sock_addr *ctx)
{
	return refuse_connect6(ctx, CAN_NETNS);
}

/* From 5.4 on: namespaces cannot be told apart. */
SEC("cgroup/connect6")
int rolewall_connect6_54(struct bpf_sock_addr *ctx)
{
	return refuse_connect6(ctx, 0);
}

/*
 * Refuse what is not to be sent, and learn what this node sends by UDP: docs/verdict.md, 12, in its order;
 * and by TCP from sockets that are bound to a device.
 */
static __always_inline int filter_egress(struct __sk_buff *skb, __u64 can)
{
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = {};
	struct cursor cursor;
	__u32 zero = 0;
	void *tables;

	if (skb->ifindex == LOOPBACK_IFINDEX || is_foreign(skb, can))
		return CGROUP_PASS;
	skb_cursor(&cursor, skb);
	if (parse_link(&cursor, 0, &packet))
		return CGROUP_PASS;
	if (is_ipv6(&packet) && is_ipv6_refused())
		return CGROUP_DROP;
	if (parse_network(skb, IS_SKB, &cursor, &packet) || packet.fragment == FRAGMENT_LATER)
		return CGROUP_PASS;
	if (packet.protocol == IPPROTO_TCP)
		bound_learn(skb, &packet);
	if (packet.protocol != IPPROTO_UDP)
		return CGROUP_PASS;
	tables = bpf_map_lookup_elem(&policy, &zero);
	if (!tables)
		return CGROUP_PASS;
	packet_turn(&packet);
	if (is_answer_open(skb, &packet, tables, can)) {
		peer_note(&packet, now);
	} else if (!conversation_renew(&packet, now)) {
		if (has_come_unasked(&packet, now))
			peer_note(&packet, now);
		else
			conversation_begin(&packet, now);
	}
	return CGROUP_PASS;
}

SEC("cgroup_skb/egress")
int rolewall_egress(struct __sk_buff *skb)
{
	return filter_egress(skb, CAN_RINGBUF | CAN_NETNS);
}

SEC("cgroup_skb/egress")
int rolewall_egress_mark(struct __sk_buff *skb)
{
	return filter_egress(skb, CAN_RINGBUF | CAN_MARK);
}

SEC("cgroup_skb/egress")
int rolewall_egress_54(struct __sk_buff *skb)
{
	return filter_egress(skb, 0);
}

/* Mark the sockets of other network namespaces. Those that were there before have no mark. */
SEC("cgroup/sock_create")
int rolewall_sock(struct bpf_sock *ctx)
{
	if (!is_own_netns(ctx))
		bpf_sk_storage_get(&foreign_sockets, ctx, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	return CGROUP_PASS;
}

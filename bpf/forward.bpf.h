/* SPDX-License-Identifier: GPL-2.0 */
/*
 * forward.bpf.h - does this packet belong to a connection that the kernel tracks for somebody else?
 *
 * Containers behind this node, other hosts that it routes for, and what it sends under another
 * address have no socket here. Where a host forwards or translates, the kernel's connection tracking
 * is asked last. What was refused here has never reached it.
 *
 * In an object of its own: calling these functions takes the kernel's BTF, and whoever forwards
 * nothing loads programs that do not know of them (user/kernel/object/load.c).
 */
#pragma once

#include "state.bpf.h"

enum forward {
	FORWARD_NONE,
	FORWARD_GOES_ON, /* both sides have agreed on it, or this one began it */
	FORWARD_ASKED,	 /* it answers a datagram: `question` says which */
};

/* What an answer is the answer to, as it came to this node: before any translation. */
struct question {
	struct address source;
	__be16 ports[2];
};

#ifdef RW_CONNTRACK

#define CAN_FORWARD CAN_CONNTRACK

#define CONNECTION_NEW 0 /* include/uapi/linux/netfilter/nf_conntrack_tuple_common.h: ORIGINAL */

/* include/uapi/linux/netfilter/nf_conntrack_common.h */
#define CONNECTION_SEEN_REPLY (1UL << 1)
#define CONNECTION_ASSURED    (1UL << 2)
#define CONNECTION_AGREED     (CONNECTION_SEEN_REPLY | CONNECTION_ASSURED)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Of the kernel's structs the part that is read (include/net/netfilter/nf_conntrack.h). */
union nf_inet_addr {
	__be32 ip;
	__u32 all[4];
};

struct nf_conntrack_man {
	union nf_inet_addr u3;
	union {
		__be16 all;
	} u;
};

struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union {
			__be16 all;
		} u;
	} dst;
};

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
};

struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
};

#pragma clang attribute pop

/* Of struct bpf_ct_opts the part that every kernel takes: zone 0 is asked. */
struct conntrack_options {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir; /* set by the kernel: which side of the connection sends such packets */
	__u8 reserved[2];
};

struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *ctx, struct bpf_sock_tuple *tuple, __u32 size,
				  struct conntrack_options *options,
				  __u32 options_size) __ksym __weak;
struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *ctx, struct bpf_sock_tuple *tuple, __u32 size,
				  struct conntrack_options *options,
				  __u32 options_size) __ksym __weak;
void bpf_ct_release(struct nf_conn *connection) __ksym __weak;

static __always_inline __u32 forward_tuple(struct bpf_sock_tuple *ret, const struct packet *packet)
{
	if (is_ipv4(packet)) {
		ret->ipv4.saddr = packet->source.words[3];
		ret->ipv4.daddr = packet->destination.words[3];
		ret->ipv4.sport = packet->ports[0];
		ret->ipv4.dport = packet->ports[1];
		return sizeof(ret->ipv4);
	}
	__builtin_memcpy(ret->ipv6.saddr, &packet->source, 16);
	__builtin_memcpy(ret->ipv6.daddr, &packet->destination, 16);
	ret->ipv6.sport = packet->ports[0];
	ret->ipv6.dport = packet->ports[1];
	return sizeof(ret->ipv6);
}

static __always_inline void question_read(struct question *ret, const struct nf_conn *connection,
					  bool ipv4)
{
	const struct nf_conntrack_tuple *tuple = &connection->tuplehash[CONNECTION_NEW].tuple;

	if (ipv4) {
		ret->source.words[0] = 0;
		ret->source.words[1] = 0;
		ret->source.words[2] = bpf_htonl(0xffff);
		ret->source.words[3] = tuple->src.u3.ip;
	} else {
		ret->source.words[0] = tuple->src.u3.all[0];
		ret->source.words[1] = tuple->src.u3.all[1];
		ret->source.words[2] = tuple->src.u3.all[2];
		ret->source.words[3] = tuple->src.u3.all[3];
	}
	ret->ports[0] = tuple->src.u.all;
	ret->ports[1] = tuple->dst.u.all;
}

/*
 * Who began it goes on once the other side has answered and the first has confirmed that (TCP);
 * UDP has no such, and the rule that admitted its first datagram admits the next. Who answers may,
 * from the first answer on.
 */
static __always_inline enum forward connection_judge(const struct packet *packet,
						     const struct nf_conn *connection, __u8 side,
						     struct question *ret_question)
{
	if (packet->protocol == IPPROTO_UDP) {
		if (side == CONNECTION_NEW)
			return FORWARD_NONE;
		question_read(ret_question, connection, is_ipv4(packet));
		return FORWARD_ASKED;
	}
	if (side != CONNECTION_NEW || (connection->status & CONNECTION_AGREED) == CONNECTION_AGREED)
		return FORWARD_GOES_ON;
	return FORWARD_NONE;
}

static __always_inline enum forward forward_look(void *ctx, bool skb, const struct packet *packet,
						 struct question *ret_question)
{
	struct conntrack_options options = {.netns_id = BPF_F_CURRENT_NETNS,
					    .l4proto = packet->protocol};
	struct bpf_sock_tuple tuple = {};
	__u32 size = forward_tuple(&tuple, packet);
	struct nf_conn *connection;
	enum forward answer;

	connection = skb ? bpf_skb_ct_lookup(ctx, &tuple, size, &options, sizeof(options))
			 : bpf_xdp_ct_lookup(ctx, &tuple, size, &options, sizeof(options));
	if (!connection)
		return FORWARD_NONE;
	answer = connection_judge(packet, connection, options.dir, ret_question);
	bpf_ct_release(connection);
	return answer;
}

/* Global, for the verifier to look at each of them once. */
__noinline int forward_ask_xdp(struct xdp_md *ctx, const struct packet *packet,
			       struct question *ret_question)
{
	if (!packet || !ret_question)
		return FORWARD_NONE;
	return forward_look(ctx, false, packet, ret_question);
}

__noinline int forward_ask_skb(struct __sk_buff *ctx, const struct packet *packet,
			       struct question *ret_question)
{
	if (!packet || !ret_question)
		return FORWARD_NONE;
	return forward_look(ctx, true, packet, ret_question);
}

/* Loaded by itself: does this kernel take the question? (user/kernel/object/probe.c) */
SEC("tc")
int rolewall_ask(struct __sk_buff *skb)
{
	struct question question = {};
	struct packet packet = {.link = skb->protocol, .protocol = IPPROTO_UDP};

	return forward_ask_skb(skb, &packet, &question);
}

static __always_inline enum forward forward_ask(const struct hook_context *hook,
						const struct packet *packet,
						struct question *ret_question)
{
	if (!(hook->can & CAN_FORWARD))
		return FORWARD_NONE;
	return hook->can & IS_SKB ? forward_ask_skb(hook->ctx, packet, ret_question)
				  : forward_ask_xdp(hook->ctx, packet, ret_question);
}

#else

#define CAN_FORWARD 0

static __always_inline enum forward forward_ask(const struct hook_context *hook,
						const struct packet *packet,
						struct question *ret_question)
{
	return FORWARD_NONE;
}

#endif

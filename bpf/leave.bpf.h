/* SPDX-License-Identifier: GPL-2.0 */
/*
 * leave.bpf.h - the tc egress entry points: what leaves an interface without a socket of this node
 * behind it, so that its answers are known (flow.bpf.h). They learn, and drop nothing.
 *
 * Two kinds, as docs/verdict.md, 15, has them. A stranger writes here by neither: what he began and a
 * rule admitted is no flow, and what came by the interface where it leaves may have been forged there.
 */
#pragma once

#include "tc.bpf.h"

#define KIND_RAW 3 /* SOCK_RAW */

enum leaving {
	LEAVING_KNOWN,	/* its socket is found, or its answer is nobody's: nothing to learn */
	LEAVING_OWN,	/* of the kernel: what a tunnel has wrapped */
	LEAVING_OTHERS, /* forwarded; or a connection of this node under another address */
};

/*
 * Is it sent from the very address and port of its socket? Then that is found. All is read before the
 * family is looked at: a pointer that depends on it would be refused.
 */
static __always_inline bool is_sent_as_bound(const struct bpf_sock *sock,
					     const struct packet *packet)
{
	__u32 ip4 = sock->src_ip4, first = sock->src_ip6[0], second = sock->src_ip6[1];
	__u32 third = sock->src_ip6[2], fourth = sock->src_ip6[3];

	asm volatile("" : "+r"(ip4), "+r"(first), "+r"(second), "+r"(third), "+r"(fourth));
	if (sock->src_port != bpf_ntohs(packet->ports[0]))
		return false;
	if (sock->family == FAMILY_IPV4)
		return ip4 == packet->source.words[3];
	return first == packet->source.words[0] && second == packet->source.words[1] &&
	       third == packet->source.words[2] && fourth == packet->source.words[3];
}

/*
 * Begun here. What a tunnel has wrapped keeps the socket of what is in it, or none. A process that
 * makes packets by itself (a raw or packet socket) gets no answer by it; its UDP is a conversation.
 */
static __always_inline enum leaving leaving_local(struct __sk_buff *skb,
						  const struct packet *packet)
{
	bool tcp = packet->protocol == IPPROTO_TCP;
	struct bpf_sock *sock = skb->sk;

	if (!sock)
		return tcp ? LEAVING_KNOWN : LEAVING_OWN;
	sock = bpf_sk_fullsock(sock);
	if (!sock) /* a handshake, or what is left of a connection: of TCP */
		return tcp ? LEAVING_KNOWN : LEAVING_OWN;
	if (sock->family != FAMILY_IPV4 && sock->family != FAMILY_IPV6)
		return LEAVING_KNOWN;
	if (sock->type == KIND_RAW &&
	    (sock->protocol == packet->protocol || sock->protocol == IPPROTO_RAW))
		return LEAVING_KNOWN;
	if (tcp)
		return is_sent_as_bound(sock, packet) ? LEAVING_KNOWN : LEAVING_OTHERS;
	if (sock->protocol == IPPROTO_UDP && packet->protocol == IPPROTO_UDP &&
	    sock->src_port == bpf_ntohs(packet->ports[0]))
		return LEAVING_KNOWN;
	return LEAVING_OWN;
}

/* Protocols that only the kernel speaks: IPIP, SIT, GRE, ESP. */
static __always_inline bool is_tunnel(const struct packet *packet)
{
	return packet->protocol == IPPROTO_IPIP || packet->protocol == IPPROTO_IPV6 ||
	       packet->protocol == IPPROTO_GRE || packet->protocol == IPPROTO_ESP;
}

/* Of TCP: an answer, or the end. */
static __always_inline bool is_no_question(const struct packet *packet)
{
	return packet->tcp_flags & TCP_RST ||
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

/* ESP of what is forwarded still has the interface where that came in (net/xfrm/xfrm_output.c). */
static __always_inline enum leaving leaving_kind(struct __sk_buff *skb, const struct packet *packet)
{
	bool tcp = packet->protocol == IPPROTO_TCP, udp = packet->protocol == IPPROTO_UDP;

	if ((tcp && is_no_question(packet)) || (!tcp && !udp && !is_tunnel(packet)))
		return LEAVING_KNOWN;
	if (!skb->ingress_ifindex)
		return leaving_local(skb, packet);
	if (skb->ingress_ifindex == skb->ifindex)
		return LEAVING_KNOWN;
	if (packet->protocol == IPPROTO_ESP)
		return LEAVING_OWN;
	return tcp || udp ? LEAVING_OTHERS : LEAVING_KNOWN;
}

/*
 * Is there a UDP socket that would get this? `remote_port`: of the sender. `packet` is turned.
 */
static __always_inline bool has_own_udp(struct __sk_buff *skb, const struct packet *packet,
					__be16 local_port)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	__u32 size;

	if (is_ipv4(packet)) {
		tuple.ipv4.saddr = packet->source.words[3];
		tuple.ipv4.daddr = packet->destination.words[3];
		tuple.ipv4.sport = packet->ports[0];
		tuple.ipv4.dport = local_port;
		size = sizeof(tuple.ipv4);
		sock = bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &packet->source, 16);
		__builtin_memcpy(tuple.ipv6.daddr, &packet->destination, 16);
		tuple.ipv6.sport = packet->ports[0];
		tuple.ipv6.dport = local_port;
		size = sizeof(tuple.ipv6);
		sock = bpf_sk_lookup_udp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	}
	if (!sock)
		return false;
	bpf_sk_release(sock);
	return true;
}

/* Learned or renewed less than a second ago: other CPUs read its cache line. */
static __always_inline bool is_fresh(const struct rw_flow_key *key, __u64 now)
{
	__u64 *last = bpf_map_lookup_elem(&flows, key);

	return last && now < *last + SECOND_NS;
}

static __always_inline void flow_learn(const struct rw_flow_key *key, __u64 now)
{
	__u64 *last = bpf_map_lookup_elem(&flows, key);

	if (last)
		*last = now;
	else
		bpf_map_update_elem(&flows, key, &now, BPF_ANY);
}

/* Would a rule decide on the answer? `packet` is turned. */
static __always_inline bool is_ruled(struct __sk_buff *skb, const struct packet *packet, __u64 can)
{
	__u32 zero = 0;
	void *tables = bpf_map_lookup_elem(&policy, &zero);

	return !tables || is_answer_open(skb, packet, tables, can);
}

/*
 * May this datagram of another begin a flow? Not if its answer came unasked; nor under the address and
 * port of a socket here, which may be the kernel's own. `packet` is turned.
 */
static __always_inline bool may_begin(struct __sk_buff *skb, const struct packet *packet, __u64 now)
{
	return !has_come_unasked(packet, now) && !has_own_udp(skb, packet, packet->ports[1]);
}

/*
 * Of others. A connection that a rule admitted goes on without it, as those of sockets do; who sends but
 * an answer to a SYN has no flow. UDP ends with its rule.
 */
static __always_inline void learn_others(struct __sk_buff *skb, const struct packet *packet,
					 const struct rw_flow_key *key, __u64 can, __u64 now)
{
	if (packet->protocol == IPPROTO_UDP &&
	    (is_ruled(skb, packet, can) ||
	     (!flow_goes_on(key, now) && !may_begin(skb, packet, now)))) {
		peer_note(packet, now);
		return;
	}
	flow_learn(key, now);
}

/*
 * WireGuard sends from its socket's port. VXLAN and Geneve do from any other, to the one that has a socket
 * on both sides: so does the answer, which is what `packet` and `key` become.
 */
static __always_inline void learn_wrapped(struct __sk_buff *skb, struct packet *packet,
					  struct rw_flow_key *key, __u64 can, __u64 now)
{
	struct rw_flow_key either = *key;

	either.local_port = key->remote_port;
	either.remote_port = 0;
	if (is_fresh(&either, now))
		return;
	if (!has_own_udp(skb, packet, packet->ports[1]) &&
	    has_own_udp(skb, packet, packet->ports[0])) {
		packet->ports[1] = packet->ports[0];
		packet->port = bpf_ntohs(packet->ports[1]);
		*key = either;
	}
	if (!is_ruled(skb, packet, can))
		flow_learn(key, now);
}

static __always_inline int learn_leaving(struct __sk_buff *skb, __u64 can)
{
	__u64 now = bpf_ktime_get_ns();
	struct packet packet = {};
	struct rw_flow_key key;
	struct cursor cursor;
	enum leaving kind;

	read_start(skb, &packet, &cursor);
	if (parse_link(&cursor, l2_len, &packet) || parse_network(skb, IS_SKB, &cursor, &packet) ||
	    packet.fragment == FRAGMENT_LATER)
		return TC_PASS;
	kind = leaving_kind(skb, &packet);
	packet_turn(&packet);
	flow_key(&key, &packet);
	if (kind == LEAVING_KNOWN || is_fresh(&key, now))
		return TC_PASS;
	if (kind == LEAVING_OTHERS && flow_kinds & RW_FLOW_OTHERS)
		learn_others(skb, &packet, &key, can, now);
	if (kind != LEAVING_OWN || !(flow_kinds & RW_FLOW_OWN))
		return TC_PASS;
	if (packet.protocol == IPPROTO_UDP)
		learn_wrapped(skb, &packet, &key, can, now);
	else
		flow_learn(&key, now);
	return TC_PASS;
}

/* 5.8 and later. */
SEC("tc")
int rolewall_leave(struct __sk_buff *skb)
{
	return learn_leaving(skb, CAN_RINGBUF);
}

#ifndef RW_CONNTRACK
/* From 5.4 on. */
SEC("tc")
int rolewall_leave_54(struct __sk_buff *skb)
{
	return learn_leaving(skb, 0);
}
#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state.bpf.h - does this packet belong to a connection of ours?
 *
 * The kernel's own sockets are the state for TCP; for UDP it is the table of conversations that
 * this node began. No stranger can fill it, or empty it.
 */
#pragma once

#include "zone.bpf.h"

#define SECOND_NS   1000000000ULL
#define FAMILY_IPV4 2 /* AF_INET and AF_INET6 of linux/socket.h */
#define FAMILY_IPV6 10

/* Kernels before 5.10 cannot look up from the cgroup hook; there the packet's socket is at hand. */
static __always_inline bool has_own_socket(struct __sk_buff *skb)
{
	struct bpf_sock *sock = skb->sk;

	return sock && sock->state != BPF_TCP_LISTEN;
}

static __always_inline bool has_socket(const struct hook_context *hook, const struct packet *packet)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	__u32 state, size;

	if (!(hook->can & CAN_LOOKUP))
		return has_own_socket(hook->ctx);
	if (is_ipv4(packet)) {
		tuple.ipv4.saddr = packet->source.words[3];
		tuple.ipv4.daddr = packet->destination.words[3];
		tuple.ipv4.sport = packet->ports[0];
		tuple.ipv4.dport = packet->ports[1];
		size = sizeof(tuple.ipv4);
		sock = bpf_skc_lookup_tcp(hook->ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &packet->source, 16);
		__builtin_memcpy(tuple.ipv6.daddr, &packet->destination, 16);
		tuple.ipv6.sport = packet->ports[0];
		tuple.ipv6.dport = packet->ports[1];
		size = sizeof(tuple.ipv6);
		sock = bpf_skc_lookup_tcp(hook->ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	}
	if (!sock)
		return false;
	state = sock->state;
	bpf_sk_release(sock);
	return state != BPF_TCP_LISTEN;
}

/* Is it for a socket that only the cgroup hook can find, since it is bound to a device above? */
static __always_inline bool is_bound_peer(const struct packet *packet)
{
	struct rw_bound_key key;

	__builtin_memcpy(key.remote, &packet->source, sizeof(key.remote));
	__builtin_memcpy(key.local, &packet->destination, sizeof(key.local));
	key.remote_port = packet->ports[0];
	key.local_port = packet->ports[1];
	return bpf_map_lookup_elem(&bound_peers, &key);
}

static __always_inline bool has_connection(const struct hook_context *hook,
					   const struct packet *packet)
{
	return has_socket(hook, packet) || (hook->can & IS_BELOW && is_bound_peer(packet));
}

/*
 * Remember whom a device-bound socket of ours talks to; who connects to one is admitted by a rule.
 */
static __always_inline void bound_learn(struct __sk_buff *skb, const struct packet *packet)
{
	struct bpf_sock *sock = skb->sk;
	struct rw_bound_key key;
	__u32 device;

	if (!sock || (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		return;
	device = sock->bound_dev_if;
	if (!device)
		return;
	__builtin_memcpy(key.remote, &packet->destination, sizeof(key.remote));
	__builtin_memcpy(key.local, &packet->source, sizeof(key.local));
	key.remote_port = packet->ports[1];
	key.local_port = packet->ports[0];
	if (!bpf_map_lookup_elem(&bound_peers, &key))
		bpf_map_update_elem(&bound_peers, &key, &device, BPF_ANY);
}

/*
 * UDP: docs/verdict.md, 12. Every packet here comes in: of one that goes out it is the answer.
 *
 * Ages are compared as sums. RHEL 8.4's verifier takes the difference of two unknown values for a
 * negative one and removes the comparison: nothing ever expired.
 */
static __always_inline bool is_recent(__u64 time, __u64 now)
{
	return now < time + RW_CONVERSATION_NS;
}

static __always_inline void conversation_key(struct rw_conversation_key *ret,
					     const struct packet *packet)
{
	__builtin_memcpy(ret->remote, &packet->source, sizeof(ret->remote));
	__builtin_memcpy(ret->local, &packet->destination, sizeof(ret->local));
	ret->remote_port = packet->ports[0];
	ret->local_port = packet->ports[1];
}

/* Did this node begin to talk to the sender, from that very address and port? */
static __always_inline bool has_conversation(const struct packet *packet)
{
	struct rw_conversation_key key;
	struct rw_conversation *found;

	conversation_key(&key, packet);
	found = bpf_map_lookup_elem(&conversations, &key);
	return found && is_recent(found->last, bpf_ktime_get_ns());
}

/*
 * This node has sent what `packet` will answer. Returns false if no conversation is going on. The
 * stamp is renewed once a second: other CPUs read its cache line.
 */
static __always_inline bool conversation_renew(const struct packet *packet, __u64 now)
{
	struct rw_conversation_key key;
	struct rw_conversation *found;

	conversation_key(&key, packet);
	found = bpf_map_lookup_elem(&conversations, &key);
	if (!found || !is_recent(found->last, now))
		return false;
	if (found->last + SECOND_NS < now)
		found->last = now;
	return true;
}

static __always_inline void conversation_begin(const struct packet *packet, __u64 now)
{
	struct rw_conversation fresh = {.began = now, .last = now};
	struct rw_conversation_key key;

	conversation_key(&key, packet);
	bpf_map_update_elem(&conversations, &key, &fresh, BPF_ANY);
}

/* Multilinear: odd multipliers, of which the top bits of the sum are taken. */
static __always_inline __u32 unasked_peer(const struct packet *packet)
{
	__u64 ports = (__u64)bpf_ntohs(packet->ports[0]) << 16 | packet->port;
	__u64 sum = packet->source.halves[0] * 0xff51afd7ed558ccdULL +
		    packet->source.halves[1] * 0xc4ceb9fe1a85ec53ULL +
		    ports * 0x9fb21c651e98df25ULL;

	return RW_UNASKED_PEERS + (__u32)(sum >> (64 - RW_UNASKED_BITS));
}

/* At most once a second, as above. */
static __always_inline void unasked_note(__u32 index, __u64 now)
{
	__u64 *at = bpf_map_lookup_elem(&unasked, &index);

	if (at && *at + SECOND_NS < now)
		*at = now;
}

/* A note of 0 was never made: a machine that has just booted is younger than what is recent. */
static __always_inline bool is_noted(__u32 index, __u64 now)
{
	__u64 *at = bpf_map_lookup_elem(&unasked, &index);

	return at && *at && is_recent(*at, now);
}

static __always_inline void peer_note(const struct packet *packet, __u64 now)
{
	unasked_note(packet->port, now);
	unasked_note(unasked_peer(packet), now);
}

/*
 * Did its sender come unasked, lately? The port is asked first: a flood of one port, which may note
 * every peer there is, changes nothing at another.
 */
static __always_inline bool has_come_unasked(const struct packet *packet, __u64 now)
{
	if (is_noted(RW_UNASKED_BLIND + packet->port, now))
		return true;
	return is_noted(packet->port, now) && is_noted(unasked_peer(packet), now);
}

/* The datagram that would answer this one. */
static __always_inline void packet_turn(struct packet *packet)
{
	struct address local = packet->source;
	__be16 port = packet->ports[0];

	packet->source = packet->destination;
	packet->destination = local;
	packet->ports[0] = packet->ports[1];
	packet->ports[1] = port;
	packet->port = bpf_ntohs(port);
}

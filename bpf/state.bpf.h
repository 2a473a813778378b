/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state.bpf.h - does this packet belong to a connection of ours?
 *
 * The kernel's own sockets are the state for TCP; for UDP it is the table of conversations that
 * this host began. There is no connection table to fill up or to lose.
 */
#ifndef ROLEWALL_STATE_BPF_H
#define ROLEWALL_STATE_BPF_H

#include "zone.bpf.h"

/* Kernels before 5.10 cannot look up from the cgroup hook; there the packet's socket is at hand. */
static __always_inline bool has_own_socket(struct __sk_buff *skb)
{
	struct bpf_sock *sock = skb->sk;

	return sock && sock->state != BPF_TCP_LISTEN;
}

static __always_inline bool has_socket(const struct place *place, const struct packet *packet)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;
	__u32 state, size;

	if (!(place->can & CAN_LOOKUP))
		return has_own_socket(place->ctx);
	if (is_ipv4(packet)) {
		tuple.ipv4.saddr = packet->source.words[3];
		tuple.ipv4.daddr = packet->destination.words[3];
		tuple.ipv4.sport = packet->ports[0];
		tuple.ipv4.dport = packet->ports[1];
		size = sizeof(tuple.ipv4);
		sock = bpf_skc_lookup_tcp(place->ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &packet->source, 16);
		__builtin_memcpy(tuple.ipv6.daddr, &packet->destination, 16);
		tuple.ipv6.sport = packet->ports[0];
		tuple.ipv6.dport = packet->ports[1];
		size = sizeof(tuple.ipv6);
		sock = bpf_skc_lookup_tcp(place->ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
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

static __always_inline bool has_connection(const struct place *place, const struct packet *packet)
{
	return has_socket(place, packet) || (place->can & IS_BELOW && is_bound_peer(packet));
}

/* Remember whom a device-bound socket of ours talks to; who connects to one is admitted by a rule.
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

static __always_inline void flow_key(struct rw_flow_key *key, const struct address *remote,
				     __be16 remote_port, __be16 local_port)
{
	__builtin_memcpy(key->remote, remote, sizeof(key->remote));
	key->remote_port = remote_port;
	key->local_port = local_port;
}

/* Did this host send to the packet's source, from the packet's destination port, not long ago? */
static __always_inline bool has_flow(const struct packet *packet)
{
	struct rw_flow_key key;
	__u64 *last;

	flow_key(&key, &packet->source, packet->ports[0], packet->ports[1]);
	last = bpf_map_lookup_elem(&udp_flows, &key);
	/* Another CPU may have renewed it since. A sum: RHEL 8.4 gets differences wrong. */
	return last && bpf_ktime_get_ns() < *last + RW_UDP_FLOW_NS;
}

/* Remember a datagram of ours. The stamp is renewed once a second: other CPUs read its cache line.
 */
static __always_inline void flow_learn(const struct packet *packet)
{
	__u64 now = bpf_ktime_get_ns();
	struct rw_flow_key key;
	__u64 *last;

	flow_key(&key, &packet->destination, packet->ports[1], packet->ports[0]);
	last = bpf_map_lookup_elem(&udp_flows, &key);
	if (!last)
		bpf_map_update_elem(&udp_flows, &key, &now, BPF_ANY);
	else if (now > *last + 1000000000)
		*last = now;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cookie.bpf.h - SYN cookies in front of the stack: docs/verdict.md, 14.
 *
 * A SYN that has its verdict, `open`, is answered while the kernel says that the listening
 * socket overflows, and meets no stack. The kernel makes the cookie and takes it back: nothing is
 * kept here but when an address and port overflowed last. Whatever cannot be answered is passed on.
 */
#pragma once

#include "state.bpf.h"

#define COOKIE_SAMPLE 16
#define TCP_WORDS     15 /* of a header with all options */
#define TCP_BARE      20

/* Where that lies in the frame, and how long it is. */
struct place {
	__u32 ip_at;	/* bytes before the IP header */
	__u32 tcp_at;	/* and before the TCP header */
	__u32 ip_size;	/* of the answer */
	__u32 tcp_size; /* of what was read; then of the answer */
};

/* --- when ------------------------------------------------------------------------------------ */

/* Multilinear, as in state.bpf.h; only an address of this node is noted, so nobody chooses it. */
static __always_inline __u64 overflow_identity(const struct packet *packet)
{
	return (packet->destination.halves[0] * 0xff51afd7ed558ccdULL +
		packet->destination.halves[1] * 0xc4ceb9fe1a85ec53ULL +
		packet->port * 0x9fb21c651e98df25ULL) >>
	       RW_OVERFLOW_TIME_BITS << RW_OVERFLOW_TIME_BITS;
}

static __always_inline __u64 *overflow_at(__u64 identity)
{
	__u32 index = identity >> (64 - RW_OVERFLOW_BITS);

	return bpf_map_lookup_elem(&overflows, &index);
}

/* A shift instead of a division: units of 1.07 s. */
static __always_inline __u64 overflow_now(void)
{
	return bpf_ktime_get_ns() >> 30 & RW_OVERFLOW_TIME_MASK;
}

static __always_inline void overflow_note(const struct packet *packet)
{
	__u64 identity = overflow_identity(packet);
	__u64 *at = overflow_at(identity);
	__u64 value = identity | overflow_now();

	if (at && *at != value)
		*at = value;
}

static __always_inline bool is_overflowing(const struct packet *packet)
{
	__u64 identity = overflow_identity(packet);
	__u64 *at = overflow_at(identity);
	__u64 value = at ? *at : 0;

	if (!value || (value & ~RW_OVERFLOW_TIME_MASK) != identity)
		return false;
	return overflow_now() <= (value & RW_OVERFLOW_TIME_MASK) + RW_OVERFLOW_TIME;
}

/* XDP's and tc's programs run with bottom halves off: one at a time has it. */
static __always_inline struct rw_handshake *handshake_room(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&handshakes, &zero);
}

/*
 * Is the kernel to be asked whether the socket overflows? That takes a look-up of the socket, which costs as
 * much as all of the verdict. In peace one SYN of several asks; a flood is known after a few.
 */
static __always_inline bool is_syn_due(void)
{
	struct rw_handshake *handshake = handshake_room();

	if (!handshake)
		return false;
	if ((handshake->syns++ & (COOKIE_SAMPLE - 1)) == 0)
		return true;
	if (!handshake->until)
		return false;
	if (overflow_now() <= handshake->until)
		return true;
	handshake->until = 0;
	return false;
}

/* Is it this node that is meant, and not one that it forwards to? */
static __always_inline bool is_own_address(const struct packet *packet)
{
	return bpf_map_lookup_elem(&own_addresses, &packet->destination);
}

static __always_inline struct rw_cookie_counter *cookie_counter_at(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cookie_counter, &zero);
}

/* --- reading --------------------------------------------------------------------------------- */

/* Tags have been judged to be whole, and to be two at most. */
static __always_inline __u32 ip_offset(void *at, void *end)
{
	__u32 size = ETH_HLEN;
	int tags;

	if (!l2_len)
		return 0;
#pragma clang loop unroll(full)
	for (tags = 0; tags < VLAN_TAGS_MAX; tags++) {
		__be16 *type = at + size - sizeof(*type);

		if ((void *)(type + 1) > end || !is_vlan(*type))
			break;
		size += sizeof(struct vlan_tag);
	}
	return size;
}

/* Where are the headers? False: it is in no shape that is answered. */
static __always_inline bool place_find(struct place *ret, const struct packet *packet, void *at,
				       void *end)
{
	__u8 *first;

	ret->ip_at = ip_offset(at, end);
	first = at + ret->ip_at;
	if ((void *)(first + 1) > end)
		return false;
	if (is_ipv4(packet)) {
		ret->ip_size = sizeof(struct iphdr);
		ret->tcp_at = ret->ip_at + (*first & 0xf) * 4;
	} else {
		ret->ip_size = sizeof(struct ipv6hdr);
		ret->tcp_at = ret->ip_at + (packet->upper & CURSOR_MASK);
	}
	return true;
}

/* Word by word: no helper copies so many bytes from a frame as it says, before 5.18. */
static __always_inline bool tcp_copy(__u32 *ret, void *at, void *end, __u32 words)
{
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < TCP_WORDS; i++) {
		__u32 *word = at + i * sizeof(*word);

		if (i >= words)
			break;
		if ((void *)(word + 1) > end)
			return false;
		ret[i] = *word;
	}
	return true;
}

/* The mask changes nothing: for the verifier, which does not follow a byte that is shifted. */
static __always_inline __u32 tcp_length(__u8 byte)
{
	__u32 size = (byte >> 4) * 4;

	asm volatile("" : "+r"(size));
	return size & 0x3c;
}

/* The header by itself. */
static __always_inline bool tcp_read_frame(struct rw_handshake *ret, struct place *place, void *at,
					   void *end)
{
	struct tcphdr *tcp = at + place->tcp_at;

	if ((void *)(tcp + 1) > end)
		return false;
	place->tcp_size = tcp_length(((__u8 *)tcp)[12]);
	return tcp_copy(ret->tcp, tcp, end, ((__u8 *)tcp)[12] >> 4);
}

static __always_inline bool tcp_read_skb(struct rw_handshake *ret, struct place *place,
					 struct __sk_buff *skb)
{
	if (bpf_skb_load_bytes(skb, place->tcp_at, ret->tcp, TCP_BARE))
		return false;
	place->tcp_size = tcp_length(((__u8 *)ret->tcp)[12]);
	return place->tcp_size >= TCP_BARE &&
	       !bpf_skb_load_bytes(skb, place->tcp_at, ret->tcp, place->tcp_size);
}

/* --- the kernel's part ----------------------------------------------------------------------- */

/* What the packet would meet: a socket, to be released; or NULL. */
static __always_inline struct bpf_sock *socket_find(void *ctx, struct rw_handshake *scratch,
						    const struct packet *packet)
{
	struct bpf_sock_tuple *tuple = (void *)scratch->ip;

	if (is_ipv4(packet)) {
		tuple->ipv4.saddr = packet->source.words[3];
		tuple->ipv4.daddr = packet->destination.words[3];
		tuple->ipv4.sport = packet->ports[0];
		tuple->ipv4.dport = packet->ports[1];
		return bpf_skc_lookup_tcp(ctx, tuple, sizeof(tuple->ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(tuple->ipv6.saddr, &packet->source, 16);
	__builtin_memcpy(tuple->ipv6.daddr, &packet->destination, 16);
	tuple->ipv6.sport = packet->ports[0];
	tuple->ipv6.dport = packet->ports[1];
	return bpf_skc_lookup_tcp(ctx, tuple, sizeof(tuple->ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* An IP header as far as the helpers read it: the version and the addresses. */
static __always_inline void ip_sketch(struct rw_handshake *ret, const struct packet *packet)
{
	__builtin_memset(ret->ip, 0, sizeof(ret->ip));
	if (is_ipv4(packet)) {
		ret->ip[0] = bpf_htonl(0x45000000);
		ret->ip[3] = packet->source.words[3];
		ret->ip[4] = packet->destination.words[3];
		return;
	}
	ret->ip[0] = bpf_htonl(0x60000000);
	__builtin_memcpy(&ret->ip[2], &packet->source, 16);
	__builtin_memcpy(&ret->ip[6], &packet->destination, 16);
}

/*
 * A cookie for the SYN, and the MSS that it holds << 32; or an error: nobody listens, or whoever does
 * does not overflow, and needs none (tcp_get_syncookie_mss() of net/ipv4/tcp_input.c).
 */
static __always_inline __s64 cookie_make(void *ctx, struct rw_handshake *handshake,
					 const struct packet *packet, __u32 tcp_size)
{
	struct bpf_sock *sock = socket_find(ctx, handshake, packet);
	__s64 cookie = -1;

	if (!sock)
		return cookie;
	ip_sketch(handshake, packet);
	if (sock->state == BPF_TCP_LISTEN && tcp_size >= TCP_BARE)
		cookie = bpf_tcp_gen_syncookie(sock, handshake->ip, sizeof(handshake->ip),
					       (void *)handshake->tcp, tcp_size);
	bpf_sk_release(sock);
	return cookie;
}

/* --- segments that belong to nobody ---------------------------------------------------------- */

/*
 * While the port overflows: is there no socket for it but the listening one, and no cookie in it that
 * the kernel would take? Of a link-local source (a bridge or a VLAN above has its sockets) nothing is
 * known.
 */
static __always_inline bool is_stray(void *ctx, struct rw_handshake *handshake,
				     const struct packet *packet)
{
	struct rw_cookie_counter *counter = cookie_counter_at();
	struct bpf_sock *sock = socket_find(ctx, handshake, packet);
	bool listens, taken = false;

	if (!sock)
		return false;
	listens = sock->state == BPF_TCP_LISTEN;
	ip_sketch(handshake, packet);
	if (listens)
		taken = bpf_tcp_check_syncookie(sock, handshake->ip, sizeof(handshake->ip),
						(void *)handshake->tcp, TCP_BARE) == 0;
	bpf_sk_release(sock);
	if (!listens || !counter)
		return false;
	if (taken) {
		counter->completed++;
		return false;
	}
	return !is_bound_peer(packet);
}

static __always_inline void stray_count(void)
{
	struct rw_cookie_counter *counter = cookie_counter_at();

	if (counter)
		counter->refused++;
}

static __always_inline bool is_asked(const struct packet *packet)
{
	return is_own_address(packet) &&
	       (is_ipv4(packet) ||
		(packet->source.words[0] & bpf_htonl(0xffc00000)) != bpf_htonl(0xfe800000));
}

static __noinline int is_stray_to_xdp(struct xdp_md *ctx, const struct packet *packet)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct rw_handshake *handshake = handshake_room();
	struct tcphdr *tcp;
	struct place place;

	if (!handshake || !is_asked(packet) || !place_find(&place, packet, at, end))
		return 0;
	tcp = at + place.tcp_at;
	if ((void *)(tcp + 1) > end)
		return 0;
	__builtin_memcpy(handshake->tcp, tcp, TCP_BARE);
	return is_stray(ctx, handshake, packet);
}

static __noinline int is_stray_to_tc(struct __sk_buff *skb, const struct packet *packet)
{
	void *at = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct rw_handshake *handshake = handshake_room();
	struct place place;

	if (!handshake || !is_asked(packet) || !place_find(&place, packet, at, end) ||
	    bpf_skb_load_bytes(skb, place.tcp_at, handshake->tcp, TCP_BARE))
		return 0;
	return is_stray(skb, handshake, packet);
}

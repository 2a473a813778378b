/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cookie.bpf.h - SYN cookies in front of the stack: docs/verdict.md, 14.
 *
 * A SYN that has its verdict, `open`, is answered here while the kernel says that the listening
 * socket overflows, and meets no stack. The kernel makes the cookie and takes it back: nothing is
 * kept here but when an address and port overflowed last. Whatever cannot be answered is passed on.
 */
#pragma once

#include "state.bpf.h"

#define COOKIE_FRAME	60   /* bytes of the shortest frame on Ethernet, without its checksum */
#define COOKIE_LONGEST	2048 /* no SYN is; where there are more buffers, the first one is longer */
#define COOKIE_SAMPLE	16
#define COOKIE_TTL	64
#define COOKIE_SEGMENTS 10    /* a sender's first window: RFC 6928 */
#define COOKIE_MSS4	1300U /* whatever link the answer goes by: what the cookie can hold */
#define COOKIE_MSS6	1220U /* below IPv6's least MTU */
#define TCP_WORDS	15    /* of a header with all options */
#define TCP_BARE	20
#define TCP_WITH_MSS	24
#define OPTION_MSS	0x02040000U
#define TO_SUM		17 /* bytes of a TCP header to within its checksum */
#define TC_REDIRECT	7  /* TCX_REDIRECT, TC_ACT_REDIRECT */

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

/* --- the answer ------------------------------------------------------------------------------ */

/* RFC 1071 */
static __always_inline __u16 sum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline __u64 words_sum(const __u32 *words, int count)
{
	__u64 sum = 0;
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

static __always_inline __u64 pseudo_sum(const struct packet *packet, __u32 tcp_size)
{
	__u64 sum = bpf_htonl(IPPROTO_TCP << 16 | tcp_size);

	if (is_ipv4(packet))
		return sum + packet->source.words[3] + packet->destination.words[3];
	return sum + words_sum(packet->source.words, 4) + words_sum(packet->destination.words, 4);
}

static __always_inline void answer_tcp(struct rw_handshake *ret, const struct packet *packet,
				       __u64 cookie, __u32 size)
{
	__u32 most = is_ipv4(packet) ? COOKIE_MSS4 : COOKIE_MSS6;
	__u32 mss = cookie >> 32 & 0xffff;

	if (mss > most)
		mss = most;
	ret->tcp[0] = ret->tcp[0] << 16 | ret->tcp[0] >> 16; /* the ports */
	ret->tcp[2] = bpf_htonl(bpf_ntohl(ret->tcp[1]) + 1);
	ret->tcp[1] = bpf_htonl((__u32)cookie);
	ret->tcp[3] = bpf_htonl(size / 4 << 28 | (TCP_SYN | TCP_ACK) << 16 | mss * COOKIE_SEGMENTS);
	ret->tcp[4] = 0;
	ret->tcp[5] = size == TCP_WITH_MSS ? bpf_htonl(OPTION_MSS | mss) : 0;
}

static __always_inline void answer_ip(struct rw_handshake *ret, const struct packet *packet,
				      __u32 tcp_size)
{
	if (is_ipv4(packet)) {
		ret->ip[0] = bpf_htonl(0x45000000 | (sizeof(struct iphdr) + tcp_size));
		ret->ip[1] = bpf_htonl(0x4000); /* DF */
		ret->ip[2] = bpf_htonl(COOKIE_TTL << 24 | IPPROTO_TCP << 16);
		ret->ip[3] = packet->destination.words[3];
		ret->ip[4] = packet->source.words[3];
		((__u16 *)ret->ip)[5] = ~sum_fold(words_sum(ret->ip, 5));
		return;
	}
	ret->ip[0] = bpf_htonl(0x60000000);
	ret->ip[1] = bpf_htonl(tcp_size << 16 | IPPROTO_TCP << 8 | COOKIE_TTL);
	__builtin_memcpy(&ret->ip[2], &packet->destination, 16);
	__builtin_memcpy(&ret->ip[6], &packet->source, 16);
}

/*
 * No larger than the SYN: an MSS is answered with where there were options. `partial`: what sends it
 * on completes the sum.
 */
static __always_inline void answer_make(struct rw_handshake *ret, struct place *place,
					const struct packet *packet, __u64 cookie, bool partial)
{
	__u32 size = place->tcp_size < TCP_WITH_MSS ? TCP_BARE : TCP_WITH_MSS;
	__u64 sum = pseudo_sum(packet, size);

	answer_tcp(ret, packet, cookie, size);
	answer_ip(ret, packet, size);
	if (!partial)
		sum = ~sum_fold(sum + words_sum(ret->tcp, TCP_WITH_MSS / 4));
	else
		sum = sum_fold(sum);
	((__u16 *)ret->tcp)[8] = sum;
	place->tcp_size = size;
}

static __always_inline void answer_count(struct rw_handshake *handshake,
					 const struct packet *packet)
{
	struct rw_cookie_counter *counter = cookie_counter_at();

	overflow_note(packet);
	handshake->until = overflow_now() + RW_OVERFLOW_TIME;
	if (counter)
		counter->sent++;
}

/* RW_ANSWERS_* */
static __always_inline __u8 answers_of(__u32 ifindex)
{
	struct rw_interface_key key = {.ifindex = ifindex};
	struct rw_interface *interface = bpf_map_lookup_elem(&interfaces, &key);

	return interface ? interface->answers : RW_ANSWERS_NONE;
}

static __always_inline void macs_swap(void *at)
{
	__u16 *halves = at;
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < 3; i++) {
		__u16 half = halves[i];

		halves[i] = halves[i + 3];
		halves[i + 3] = half;
	}
}

static __always_inline bool frame_write(struct xdp_md *ctx, const struct rw_handshake *handshake,
					const struct place *place, __u32 ip_size)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *ip = at + place->ip_at;
	__u32 *tcp = ip + ip_size;

	if (at + l2_len > end || ip + ip_size + TCP_BARE > end)
		return false;
	if (l2_len)
		macs_swap(at);
	__builtin_memcpy(ip, handshake->ip, ip_size);
	__builtin_memcpy(tcp, handshake->tcp, TCP_BARE);
	if (place->tcp_size == TCP_BARE)
		return true;
	if ((void *)(tcp + TCP_WITH_MSS / 4) > end)
		return false;
	tcp[5] = handshake->tcp[5];
	return true;
}

/* How long the frame is to be: at least what Ethernet sends anyway, if it was. */
static __always_inline __u32 answer_length(const struct place *place, __u32 length)
{
	__u32 wanted = place->ip_at + place->ip_size + place->tcp_size;

	if (!l2_len || wanted >= COOKIE_FRAME)
		return wanted;
	return length < COOKIE_FRAME ? length : COOKIE_FRAME;
}

/* Returns XDP_TX or XDP_REDIRECT; or XDP_PASS, and the frame as it was. Frames in several buffers are passed on. */
static __noinline int answer_by_xdp(struct xdp_md *ctx, const struct packet *packet)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct rw_handshake *handshake = handshake_room();
	__u32 length = (__u64)end - (__u64)at, wanted;
	__u8 answers = answers_of(ctx->ingress_ifindex);
	struct place place;
	__s64 cookie;

	if (!handshake || packet->bytes != length || length > COOKIE_LONGEST ||
	    answers == RW_ANSWERS_NONE || !is_own_address(packet) ||
	    !place_find(&place, packet, at, end) || !tcp_read_frame(handshake, &place, at, end))
		return XDP_PASS;
	cookie = cookie_make(ctx, handshake, packet, place.tcp_size);
	if (cookie < 0)
		return XDP_PASS;
	answer_make(handshake, &place, packet, cookie, false);
	wanted = answer_length(&place, length);
	if (bpf_xdp_adjust_tail(ctx, (int)wanted - (int)length))
		return XDP_PASS;
	if (!(is_ipv4(packet) ? frame_write(ctx, handshake, &place, sizeof(struct iphdr))
			      : frame_write(ctx, handshake, &place, sizeof(struct ipv6hdr))))
		return XDP_DROP; /* cannot be: the verifier does not know what adjust_tail left */
	answer_count(handshake, packet);
	return answers == RW_ANSWERS_REDIRECT ? bpf_redirect(ctx->ingress_ifindex, 0) : XDP_TX;
}

static __always_inline bool skb_write(struct __sk_buff *skb, const struct rw_handshake *handshake,
				      const struct place *place)
{
	const __u64 flags = BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH;
	__u32 tcp_at = place->ip_at + place->ip_size;
	bool ipv4 = place->ip_size == sizeof(struct iphdr);
	__u16 macs[6];

	if (bpf_skb_change_tail(skb, tcp_at + place->tcp_size, 0))
		return false;
	if (l2_len) {
		if (bpf_skb_load_bytes(skb, 0, macs, sizeof(macs)))
			return false;
		macs_swap(macs);
		bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), flags);
	}
	bpf_skb_store_bytes(skb, place->ip_at, handshake->ip,
			    ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), flags);
	bpf_skb_store_bytes(skb, tcp_at, handshake->tcp,
			    place->tcp_size == TCP_BARE ? TCP_BARE : TCP_WITH_MSS, flags);
	return true;
}

/*
 * Will what sends it complete the sum (CHECKSUM_PARTIAL: it comes from this machine, or from a guest's
 * host)? No program may ask, but the kernel does not cut such a packet off within the sum
 * (net/core/filter.c, __bpf_skb_min_len). Any other has lost its tail then, which is written anew.
 */
static __always_inline bool is_sum_partial(struct __sk_buff *skb, const struct place *place)
{
	return bpf_skb_change_tail(skb, place->ip_at + place->ip_size + TO_SUM, 0);
}

/* Returns TC_REDIRECT; or -1, TC_PASS. */
static __noinline int answer_by_tc(struct __sk_buff *skb, const struct packet *packet)
{
	void *at = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct rw_handshake *handshake = handshake_room();
	struct place place;
	__s64 cookie;
	bool partial;

	if (!handshake || !is_own_address(packet) || !place_find(&place, packet, at, end) ||
	    !tcp_read_skb(handshake, &place, skb))
		return -1;
	cookie = cookie_make(skb, handshake, packet, place.tcp_size);
	if (cookie < 0)
		return -1;
	partial = is_sum_partial(skb, &place);
	/* The sum that is completed stands where it stood. */
	if (partial && place.tcp_at != place.ip_at + place.ip_size)
		return -1;
	answer_make(handshake, &place, packet, cookie, partial);
	if (!skb_write(skb, handshake, &place))
		return -1;
	answer_count(handshake, packet);
	return bpf_redirect(skb->ifindex, 0);
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

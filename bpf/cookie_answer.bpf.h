/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cookie_answer.bpf.h - the SYN-ACK with a cookie, byte by byte, and the way back that XDP and tc have.
 *
 * Never larger than the SYN that it answers.
 */
#pragma once

#include "cookie.bpf.h"

#define COOKIE_FRAME	60   /* bytes of the shortest frame on Ethernet, without its checksum */
#define COOKIE_LONGEST	2048 /* no SYN is; where there are more buffers, the first one is longer */
#define COOKIE_TTL	64
#define COOKIE_SEGMENTS 10    /* a sender's first window: RFC 6928 */
#define COOKIE_MSS4	1300U /* whatever link the answer goes by: what the cookie can hold */
#define COOKIE_MSS6	1220U /* below IPv6's least MTU */
#define TCP_WITH_MSS	24
#define OPTION_MSS	0x02040000U
#define TO_SUM		17 /* bytes of a TCP header to within its checksum */
#define TC_REDIRECT	7  /* TCX_REDIRECT, TC_ACT_REDIRECT */

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

/* What the stack would not answer: a source that is no other host, as far as its address can say. */
static __always_inline bool is_from_a_host(const struct packet *packet)
{
	const struct address *source = &packet->source;
	__u8 first = source->bytes[12];

	if (is_ipv4(packet) &&
	    (first == 0 || first == 127 || first >> 4 == 14 || source->words[3] == 0xffffffff))
		return false;
	if (is_ipv6(packet) &&
	    (source->bytes[0] == 0xff ||
	     (source->halves[0] == 0 && bpf_be64_to_cpu(source->halves[1]) <= 1)))
		return false;
	return !bpf_map_lookup_elem(&own_addresses, source);
}

/* Of Ethernet: from one host to one. What goes to many is no handshake, and is not to be answered to many. */
static __always_inline bool is_between_hosts(void *at, void *end)
{
	__u8 *macs = at;

	if (!l2_len)
		return true;
	return at + ETH_HLEN <= end && !((macs[0] | macs[6]) & 1);
}

/*
 * Does the stack reach the source by another interface, which has a program, too? Its answer goes there.
 * Here, a neighbour on the link who has forged the source would see it.
 */
static __always_inline bool is_from_elsewhere(__u32 ifindex, const struct packet *packet,
					      struct rw_handshake *scratch)
{
	struct rw_prefix_key *key = (void *)scratch->ip; /* the stack has no room for it */
	struct rw_interface_key *at = (void *)scratch->ip;
	struct rw_interface *interface;
	__u32 *home;

	key->prefixlen = 128;
	__builtin_memcpy(key->source, &packet->source, sizeof(key->source));
	home = bpf_map_lookup_elem(&networks, key);
	if (!home || *home == 0 || *home == ifindex)
		return false;
	at->ifindex = *home;
	at->vlan = 0;
	interface = bpf_map_lookup_elem(&interfaces, at);
	return interface && interface->covered;
}

static __always_inline bool may_be_answered(__u32 ifindex, const struct packet *packet,
					    struct rw_handshake *scratch, void *at, void *end)
{
	return is_between_hosts(at, end) && is_own_address(packet) && is_from_a_host(packet) &&
	       !is_from_elsewhere(ifindex, packet, scratch);
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
	    answers == RW_ANSWERS_NONE ||
	    !may_be_answered(ctx->ingress_ifindex, packet, handshake, at, end) ||
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

	if (!handshake || !may_be_answered(skb->ifindex, packet, handshake, at, end) ||
	    !place_find(&place, packet, at, end) || !tcp_read_skb(handshake, &place, skb))
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

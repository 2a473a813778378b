/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.bpf.h - bytes -> struct packet, or a reason why not. One small function a header.
 */
#pragma once

#include "extension.bpf.h"

#define VLAN_TAGS_MAX	 2
#define VLAN_ID_MASK	 0xfff
#define FRAGMENT_MORE	 0x2000 /* IPv4, RFC 791 */
#define FRAGMENT_OFFSET	 0x1fff
#define ND_FIRST	 133 /* router solicitation, RFC 4861 */
#define ND_ADVERTISEMENT 134 /* of a router */
#define ND_LAST		 137 /* redirect */

struct vlan_tag {
	__be16 tci;
	__be16 ethertype;
};

struct icmp_start {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__u32 rest;
};

static __always_inline bool is_ipv4_mapped(const struct address *address)
{
	return address->halves[0] == 0 && address->words[2] == bpf_htonl(0xffff);
}

/*
 * The second half of ::ffff:a.b.c.d, in one piece: it is read in one piece, and a processor
 * cannot forward two short stores to one long load.
 */
static __always_inline __u64 map_ipv4(__be32 address)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (__u64)address << 32 | 0xffff0000;
#else
	return 0xffff00000000 | address;
#endif
}

static __always_inline bool is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

/* Out of line: few frames carry tags. Returns the bytes of tags, or -1. */
static __noinline int parse_tags(void *at, void *end, struct packet *packet)
{
	__be16 type = packet->link;
	int tags, size = 0;

#pragma clang loop unroll(full)
	for (tags = 0; tags <= VLAN_TAGS_MAX && is_vlan(type); tags++) {
		struct vlan_tag *tag = at + size;
		__u32 id;

		if (tags + packet->tags_off >= VLAN_TAGS_MAX || (void *)(tag + 1) > end)
			return -1;
		id = bpf_ntohs(tag->tci) & VLAN_ID_MASK;
		/* A priority tag (id 0) names no VLAN: net/core/dev.c looks at the next tag. */
		packet->vlan |= packet->vlan ? id << 12 : id;
		type = tag->ethertype;
		size += sizeof(*tag);
	}
	packet->link = type;
	return size;
}

static __always_inline int parse_ethernet(struct cursor *cursor, struct packet *packet)
{
	struct ethhdr *ethernet = cursor->at;
	int tags = 0;

	if (!has_bytes(cursor, sizeof(*ethernet)))
		return RW_REASON_MALFORMED;
	packet->link = ((__be16 *)ethernet)[6];
	cursor->at += sizeof(*ethernet);
	cursor->left -= sizeof(*ethernet);
	if (!is_vlan(packet->link))
		return 0;
	tags = parse_tags(cursor->at, cursor->end, packet);
	if (tags < 0)
		return RW_REASON_MALFORMED;
	cursor->at += tags & 0xf;
	cursor->left -= tags & 0xf;
	return 0;
}

/* Bare IP: the version is the only clue. */
static __always_inline int parse_version(const struct cursor *cursor, struct packet *packet)
{
	__u8 *first = cursor->at;

	if (!has_bytes(cursor, 1))
		return RW_REASON_MALFORMED;
	if (*first >> 4 == 4)
		packet->link = bpf_htons(ETH_P_IP);
	else if (*first >> 4 == 6)
		packet->link = bpf_htons(ETH_P_IPV6);
	else
		return RW_REASON_MALFORMED;
	return 0;
}

/* Where a fragment lies in its datagram: from `start` on, with `left` bytes of it. */
static __always_inline void note_fragment(struct packet *packet, __u32 start, __u64 left, bool more)
{
	packet->start = start;
	packet->end = more ? start + left : FRAGMENT_END;
	/* Of a fragment without a byte the kernel gives up the whole datagram. */
	packet->plain = left != 0 && (!more || (left & 7) == 0);
}

/* RFC 1071, of a header without options. */
static __always_inline bool is_sum_right(const struct iphdr *ip)
{
	const __u16 *halves = (const void *)ip;
	__u32 sum = 0;
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < 10; i++)
		sum += halves[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

/*
 * What holds for later fragments of both families. `offset` in bytes; the cursor is at the payload.
 */
static __always_inline int check_later(const struct cursor *cursor, struct packet *packet,
				       __u32 offset)
{
	packet->fragment = FRAGMENT_LATER;
	if (offset + cursor->left > IP_PAYLOAD_MAX)
		return RW_REASON_MALFORMED;
	/* Offset 1 would overwrite the TCP flags of a first fragment (RFC 1858, RFC 3128). */
	if (offset == 8 && packet->protocol == IPPROTO_TCP)
		return RW_REASON_MALFORMED;
	return 0;
}

static __always_inline int parse_fragment4(const struct cursor *cursor, struct packet *packet,
					   const struct iphdr *ip, __u16 fragment)
{
	__u32 offset = (fragment & FRAGMENT_OFFSET) * 8u;

	note_fragment(packet, offset, cursor->left, fragment & FRAGMENT_MORE);
	packet->identification = ip->id;
	/* Of the header's faults the kernel would drop it, or not, as its options say. */
	if (ip->ihl != 5 || !is_sum_right(ip))
		packet->plain = 0;
	if (offset)
		return check_later(cursor, packet, offset);
	packet->fragment = FRAGMENT_FIRST;
	return 0;
}

static __always_inline int parse_ipv4(struct cursor *cursor, struct packet *packet)
{
	struct iphdr *ip = cursor->at;
	__u64 size, total;
	__u16 fragment;

	if (!has_bytes(cursor, sizeof(*ip)) || ip->version != 4)
		return RW_REASON_MALFORMED;
	packet->source.halves[1] = map_ipv4(ip->saddr);
	packet->destination.halves[1] = map_ipv4(ip->daddr);
	packet->protocol = ip->protocol;
	size = ip->ihl * 4;
	total = stated_length(cursor, ip->tot_len);
	/*
	 * A total of 0 first: on the way to `size > total` the verifier of 5.10 goes on with a size of
	 * at least 20 and at most 0, and takes what is added to it for no pointer.
	 */
	if (total < sizeof(*ip) || size < sizeof(*ip) || size > total || total > cursor->left)
		return RW_REASON_MALFORMED;
	cursor->at += size;
	cursor->left = total - size;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (FRAGMENT_OFFSET | FRAGMENT_MORE))
		return parse_fragment4(cursor, packet, ip, fragment);
	return 0;
}

static __always_inline void read_ports(struct packet *packet, __be16 source, __be16 destination)
{
	packet->ports[0] = source;
	packet->ports[1] = destination;
	packet->port = bpf_ntohs(destination);
}

static __always_inline int parse_tcp(const struct cursor *cursor, struct packet *packet)
{
	struct tcphdr *tcp = cursor->at;
	__u64 size;

	if (!has_stated(cursor, sizeof(*tcp)))
		return RW_REASON_MALFORMED;
	size = tcp->doff * 4;
	if (size < sizeof(*tcp) || size > cursor->left)
		return RW_REASON_MALFORMED;
	read_ports(packet, tcp->source, tcp->dest);
	packet->tcp_flags = ((__u8 *)tcp)[13];
	if (packet->fragment == FRAGMENT_WHOLE)
		packet->sequence = tcp->seq;
	return 0;
}

static __always_inline int parse_udp(const struct cursor *cursor, struct packet *packet)
{
	struct udphdr *udp = cursor->at;
	__u64 length;

	if (!has_stated(cursor, sizeof(*udp)))
		return RW_REASON_MALFORMED;
	length = stated_length(cursor, udp->len);
	if (length < sizeof(*udp) || (packet->fragment == FRAGMENT_WHOLE && length > cursor->left))
		return RW_REASON_MALFORMED;
	read_ports(packet, udp->source, udp->dest);
	return 0;
}

static __always_inline bool is_nd(const struct packet *packet)
{
	return packet->protocol == IPPROTO_ICMPV6 && packet->icmp_type >= ND_FIRST &&
	       packet->icmp_type <= ND_LAST;
}

static __always_inline int parse_icmp(const struct cursor *cursor, struct packet *packet)
{
	struct icmp_start *icmp = cursor->at;

	if (!has_stated(cursor, sizeof(*icmp)))
		return RW_REASON_MALFORMED;
	packet->icmp_type = icmp->type;
	/* From off the link (RFC 4861, 7), or in pieces (RFC 6980): never neighbour discovery. */
	if (is_nd(packet) && (packet->hop_limit != 255 || packet->fragmented))
		return RW_REASON_MALFORMED;
	return 0;
}

static __always_inline bool is_icmp(const struct packet *packet)
{
	return packet->protocol == (is_ipv4(packet) ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* What the IP headers carry. Later fragments carry no header. */
static __always_inline int parse_upper(const struct cursor *cursor, struct packet *packet)
{
	if (packet->fragment == FRAGMENT_LATER)
		return 0;
	if (packet->protocol == IPPROTO_TCP)
		return parse_tcp(cursor, packet);
	if (packet->protocol == IPPROTO_UDP)
		return parse_udp(cursor, packet);
	if (is_icmp(packet))
		return parse_icmp(cursor, packet);
	return 0;
}

static __always_inline int parse_ipv6(struct cursor *cursor, struct packet *packet)
{
	struct ipv6hdr *ip = cursor->at;
	__u64 payload;

	if (!has_bytes(cursor, sizeof(*ip)) || ip->version != 6)
		return RW_REASON_MALFORMED;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip->daddr, sizeof(packet->destination));
	packet->protocol = ip->nexthdr;
	packet->hop_limit = ip->hop_limit;
	cursor->at += sizeof(*ip);
	cursor->left -= sizeof(*ip);
	payload = stated_length(cursor, ip->payload_len);
	if (payload > cursor->left || is_ipv4_mapped(&packet->source) ||
	    is_ipv4_mapped(&packet->destination))
		return RW_REASON_MALFORMED;
	cursor->left = payload;
	return 0;
}

static __always_inline int parse_fragment6(const struct cursor *cursor, struct packet *packet,
					   const union walk *walk, __be32 identification)
{
	__u32 offset = walk->fragment & FRAGMENT6_OFFSET;
	bool more = walk->fragment & FRAGMENT6_MORE;

	packet->fragmented = 1;
	packet->identification = identification;
	note_fragment(packet, offset, cursor->left + walk->size - walk->behind, more);
	/* Headers before and behind this one can have faults that only the kernel knows. */
	if (walk->beside)
		packet->plain = 0;
	if (offset)
		return check_later(cursor, packet, offset);
	if (more)
		packet->fragment = FRAGMENT_FIRST;
	return 0; /* neither: an atomic fragment (RFC 6946) is a whole packet */
}

/* What the walk found, at the header that it began with. */
static __always_inline int parse_walk(struct cursor *cursor, struct packet *packet,
				      const union walk *walk)
{
	const struct ipv6_extension *last = cursor->at + (walk->behind & CURSOR_MASK);

	packet->protocol = walk->protocol;
	if (!walk->size)
		return RW_REASON_MALFORMED;
	cursor->at += walk->size & CURSOR_MASK;
	cursor->left -= walk->size;
	if (!walk->behind)
		return 0;
	last--;
	if ((void *)(last + 1) > cursor->end)
		return RW_REASON_MALFORMED;
	return parse_fragment6(cursor, packet, walk, last->rest);
}

/* What is below IP. Returns 0, or the reason that ends it here: not everything is IP. */
static __always_inline int parse_link(struct cursor *cursor, __u32 ethernet, struct packet *packet)
{
	int reason = ethernet ? parse_ethernet(cursor, packet) : parse_version(cursor, packet);

	if (reason)
		return reason;
	if (!is_ipv4(packet) && !is_ipv6(packet))
		return RW_REASON_EXEMPT;
	return 0;
}

static __always_inline int parse_network4(struct cursor *cursor, struct packet *packet)
{
	int reason = parse_ipv4(cursor, packet);

	return reason ? reason : parse_upper(cursor, packet);
}

/*
 * Out of line, and the cursor by its parts: for IPv4 it stays in registers then.
 */
static __noinline int parse_network6(void *at, void *end, __u64 left, struct packet *packet,
				     __u64 walked)
{
	struct cursor cursor = cursor_unpack(at, end, left);
	union walk walk = {.number = walked};
	int reason = parse_ipv6(&cursor, packet);

	if (!reason && is_extension(packet->protocol))
		reason = parse_walk(&cursor, packet, &walk);
	packet->upper = sizeof(struct ipv6hdr) + walk.size;
	return reason ? reason : parse_upper(&cursor, packet);
}

/* From the IP header to the last header that matters. Returns 0 or a reason. */
static __always_inline int parse_network(void *ctx, __u64 can, struct cursor *cursor,
					 struct packet *packet)
{
	if (is_ipv4(packet))
		return parse_network4(cursor, packet);
	return parse_network6(cursor->at, cursor->end, cursor_pack(cursor), packet,
			      has_extensions(cursor) ? walk_extensions(ctx, can, cursor) : 0);
}

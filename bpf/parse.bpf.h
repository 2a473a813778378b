/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.bpf.h - bytes -> struct packet, or a reason why not.
 *
 * One small function a header, over a cursor. A cursor knows two ends: the end of the buffer, which
 * the verifier wants checked beside each access, and how many bytes are left of what the packet
 * itself says that it is long. Bytes behind that (padding) are never looked at.
 */
#pragma once

#include "maps.bpf.h"

#define VLAN_TAGS_MAX	 2
#define VLAN_ID_MASK	 0xfff
#define IPV6_HEADERS_MAX 8
#define EXTENSION_MASK	 0xfff	    /* an extension header has at most 2048 bytes */
#define CURSOR_MASK	 0x7fff	    /* 40 + 8 * 2048 bytes of headers fit */
#define LEFT_MASK	 0x7fffffff /* no packet is longer; 31 bits, as RHEL 8.4 subtracts in s32 */
#define IP_PAYLOAD_MAX	 65535
#define FRAGMENT_MORE	 0x2000 /* IPv4, RFC 791 */
#define FRAGMENT_OFFSET	 0x1fff
#define FRAGMENT6_MORE	 0x0001 /* IPv6, RFC 8200, 4.5 */
#define FRAGMENT6_OFFSET 0xfff8
#define NEXTHDR_MOBILITY 135
#define ND_FIRST	 133 /* router solicitation, RFC 4861 */
#define ND_ADVERTISEMENT 134 /* of a router */
#define ND_LAST		 137 /* redirect */
#define PACKET_LOOPBACK	 5 /* our own multicast or broadcast: linux/if_packet.h, never off a wire */
#define TCP_FIN		 0x01
#define TCP_SYN		 0x02
#define TCP_RST		 0x04
#define TCP_PSH		 0x08
#define TCP_ACK		 0x10
#define TCP_URG		 0x20

enum fragment { FRAGMENT_WHOLE, FRAGMENT_FIRST, FRAGMENT_LATER };

struct address {
	union {
		__u8 bytes[16];
		__u32 words[4];
		__u64 halves[2];
	};
};

struct packet {
	struct address source; /* zeros until it has been read */
	struct address destination;
	__u32 bytes;	 /* as the hook sees it */
	__u32 vlan;	 /* see rw_interface_key */
	__be16 link;	 /* EtherType: IPv4, IPv6, or whatever else there is */
	__u16 port;	 /* destination port, host order */
	__be16 ports[2]; /* source and destination as on the wire */
	__u8 protocol;	 /* upper layer, IPPROTO_* */
	__u8 fragment;	 /* enum fragment */
	__u8 fragmented; /* IPv6: a fragment header was there, atomic or not */
	__u8 hop_limit;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 plain;    /* a fragment that the kernel keeps for sure: bpf/fragment.bpf.h */
	__u8 tags_off; /* VLAN tags that are not in the frame any more */
	/* Of fragments: */
	__u32 start;	      /* bytes */
	__u32 end;	      /* bytes, of one that is not the last; FRAGMENT_END of the last */
	__u32 identification; /* as on the wire */
};

#define FRAGMENT_END 0x10000 /* no offset */

static __always_inline bool is_ipv4(const struct packet *packet)
{
	return packet->link == bpf_htons(ETH_P_IP);
}

static __always_inline bool is_ipv6(const struct packet *packet)
{
	return packet->link == bpf_htons(ETH_P_IPV6);
}

struct cursor {
	void *at;
	void *end;   /* of the buffer */
	__u64 left;  /* bytes of the packet from `at` on, by its own account; see LEFT_MASK */
	bool merged; /* GRO may have been at it: a length of 0 can mean more than 65535 */
};

static __always_inline void skb_cursor(struct cursor *cursor, struct __sk_buff *skb)
{
	cursor->at = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	cursor->left = skb->len & LEFT_MASK;
	cursor->merged = true;
}

struct vlan_tag {
	__be16 tci;
	__be16 ethertype;
};

struct ipv6_extension { /* RFC 8200, 4.2; AH (RFC 4302) begins the same */
	__u8 next;
	__u8 length;
	union {
		__u8 routing_type;
		__be16 fragment;
	};
	__u32 rest;
};

struct icmp_start {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__u32 rest;
};

/* The buffer has `size` more bytes. Enough for what comes before any length is stated. */
static __always_inline bool has_bytes(const struct cursor *cursor, __u32 size)
{
	return cursor->at + size <= cursor->end;
}

/* The packet, by its own account, has `size` more bytes, and the buffer, too. */
static __always_inline bool has_stated(const struct cursor *cursor, __u32 size)
{
	return cursor->left >= size && has_bytes(cursor, size);
}

/*
 * A length as a header states it; what GRO merged beyond 64 KiB states 0 (include/net/ipv6.h, "BIG
 * TCP"). The mask changes nothing: for the verifier of RHEL 8.4, which forgets the bounds of what
 * is swapped, and gets differences of unbounded values wrong.
 */
static __always_inline __u64 stated_length(const struct cursor *cursor, __be16 field)
{
	__u64 stated = bpf_ntohs(field);

	asm volatile("" : "+r"(stated));
	stated &= 0xffff;
	return cursor->merged && stated == 0 && cursor->left > IP_PAYLOAD_MAX ? cursor->left
									      : stated;
}

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

/* Where a fragment lies in its datagram. */
static __always_inline void note_fragment(const struct cursor *cursor, struct packet *packet,
					  __u32 start, bool more)
{
	packet->start = start;
	packet->end = more ? start + cursor->left : FRAGMENT_END;
	/* Of a fragment without a byte the kernel gives up the whole datagram. */
	packet->plain = cursor->left != 0 && (!more || (cursor->left & 7) == 0);
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

	note_fragment(cursor, packet, offset, fragment & FRAGMENT_MORE);
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

/*
 * The extension headers that are walked, by their number: length = ((length field & mask) + add) *
 * unit. Whatever is not here (unit 0) ends the walk, known or unknown. A table and no switch, so
 * that the verifier meets the same unknown length whichever header it is, and one walk to verify.
 */
struct extension_shape {
	__u8 mask;
	__u8 add;
	__u8 unit;
};

static const volatile struct extension_shape extension_shapes[256] = {
	[IPPROTO_HOPOPTS] = {0xff, 1, 8}, [IPPROTO_ROUTING] = {0xff, 1, 8},
	[IPPROTO_FRAGMENT] = {0, 1, 8},	  [IPPROTO_AH] = {0xff, 2, 4},
	[IPPROTO_DSTOPTS] = {0xff, 1, 8}, [NEXTHDR_MOBILITY] = {0xff, 1, 8},
};

static __always_inline bool is_extension(__u8 type)
{
	return extension_shapes[type].unit;
}

static __always_inline bool is_misplaced(const struct ipv6_extension *extension, __u8 type,
					 int position, const struct packet *packet)
{
	return (type == IPPROTO_HOPOPTS && position != 0) ||
	       (type == IPPROTO_ROUTING && extension->routing_type == 0) || /* RFC 5095 */
	       (type == IPPROTO_FRAGMENT && packet->fragmented);
}

static __always_inline int parse_fragment(const struct cursor *cursor, struct packet *packet,
					  __u16 fragment)
{
	packet->fragmented = 1;
	note_fragment(cursor, packet, fragment & FRAGMENT6_OFFSET, fragment & FRAGMENT6_MORE);
	if (fragment & FRAGMENT6_OFFSET)
		return check_later(cursor, packet, fragment & FRAGMENT6_OFFSET);
	if (fragment & FRAGMENT6_MORE)
		packet->fragment = FRAGMENT_FIRST;
	return 0; /* neither: an atomic fragment (RFC 6946) is a whole packet */
}

/* Walk one extension header. Returns 0 or a reason. */
static __always_inline int parse_extension(struct cursor *cursor, struct packet *packet,
					   int position)
{
	struct ipv6_extension *extension = cursor->at;
	__u8 type = packet->protocol;
	__u32 identification;
	__u16 fragment;
	__u64 size;
	int reason;

	if (!has_stated(cursor, sizeof(*extension)) ||
	    is_misplaced(extension, type, position, packet))
		return RW_REASON_MALFORMED;
	size = ((extension->length & extension_shapes[type].mask) + extension_shapes[type].add) *
	       extension_shapes[type].unit;
	if (size > cursor->left)
		return RW_REASON_MALFORMED;
	packet->protocol = extension->next;
	fragment = bpf_ntohs(extension->fragment);
	identification = extension->rest;
	asm volatile(""
		     : "+r"(size)); /* the compiler knows the bound, the verifier wants to see it */
	cursor->at += size & EXTENSION_MASK;
	cursor->left -= size;
	if (type != IPPROTO_FRAGMENT)
		return 0;
	reason = parse_fragment(cursor, packet, fragment);
	packet->identification = identification;
	/* Headers before and behind this one can have faults that only the kernel knows. */
	if (position != 0 || is_extension(packet->protocol))
		packet->plain = 0;
	return reason;
}

static __always_inline int parse_extensions(struct cursor *cursor, struct packet *packet)
{
	int position;

	for (position = 0; position < IPV6_HEADERS_MAX; position++) {
		int reason;

		if (packet->fragment == FRAGMENT_LATER || !is_extension(packet->protocol))
			return 0;
		reason = parse_extension(cursor, packet, position);
		if (reason)
			return reason;
	}
	return packet->fragment != FRAGMENT_LATER && is_extension(packet->protocol)
		       ? RW_REASON_MALFORMED
		       : 0;
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
	int reason;

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
	reason = parse_extensions(cursor, packet);
	/* Nine ways out of the loop, one pointer: the verifier need not follow each on its own. */
	cursor->at = (void *)ip + ((cursor->at - (void *)ip) & CURSOR_MASK);
	return reason;
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
static __noinline int parse_network6(void *at, void *end, __u64 left, struct packet *packet)
{
	struct cursor cursor = {
		.at = at, .end = end, .left = left & LEFT_MASK, .merged = left >> 32};
	int reason = parse_ipv6(&cursor, packet);

	return reason ? reason : parse_upper(&cursor, packet);
}

/* From the IP header to the last header that matters. Returns 0 or a reason. */
static __always_inline int parse_network(struct cursor *cursor, struct packet *packet)
{
	if (is_ipv4(packet))
		return parse_network4(cursor, packet);
	return parse_network6(cursor->at, cursor->end, cursor->left | (__u64)cursor->merged << 32,
			      packet);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * extension.bpf.h - the walk over the extension headers of IPv6.
 *
 * The entry points of this file take a context and numbers, give a number back, and are not static:
 * so each is verified once, and not for each way that leads there (5.6 and later:
 * kernel/bpf/verifier.c, do_check_subprogs()). Eight headers of six kinds are most of what there is
 * to verify.
 */
#pragma once

#include "packet.bpf.h"

#define IPV6_HEADERS_MAX 8
#define EXTENSION_MASK	 0xfff	/* an extension header has at most 2048 bytes */
#define FRAGMENT6_MORE	 0x0001 /* IPv6, RFC 8200, 4.5 */
#define FRAGMENT6_OFFSET 0xfff8
#define NEXTHDR_MOBILITY 135
#define NETWORK_MASK	 0x1f /* an Ethernet header and two tags are before the IP header, at most */

struct ipv6_extension { /* RFC 8200, 4.2; AH (RFC 4302) begins the same */
	__u8 next;
	__u8 length;
	union {
		__u8 routing_type;
		__be16 fragment;
	};
	__u32 rest;
};

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

/* What the walk found. */
union walk {
	struct {
		__u16 size;	/* bytes of headers; 0: malformed */
		__u16 behind;	/* of those that end with the fragment header; 0: there is none */
		__u16 fragment; /* its offset and more, host order */
		__u8 protocol;	/* what comes then, or is malformed */
		__u8 beside;	/* not 0: there are headers beside the fragment header */
	};
	__u64 number;
};

static __always_inline bool is_misplaced(const struct ipv6_extension *extension,
					 const union walk *walk, int position)
{
	return (walk->protocol == IPPROTO_HOPOPTS && position != 0) ||
	       (walk->protocol == IPPROTO_ROUTING && extension->routing_type == 0) || /* RFC 5095 */
	       (walk->protocol == IPPROTO_FRAGMENT && walk->behind);
}

/* Of a later fragment nothing more is a header. */
static __always_inline bool walks_on(const union walk *walk)
{
	return !(walk->fragment & FRAGMENT6_OFFSET) && is_extension(walk->protocol);
}

/* One header. Returns false if it is malformed. */
static __always_inline bool walk_header(struct cursor *cursor, union walk *walk, int position)
{
	const struct ipv6_extension *extension = cursor->at;
	__u8 type = walk->protocol;
	__u64 size;

	if (!has_stated(cursor, sizeof(*extension)) || is_misplaced(extension, walk, position))
		return false;
	size = ((extension->length & extension_shapes[type].mask) + extension_shapes[type].add) *
	       extension_shapes[type].unit;
	if (size > cursor->left)
		return false;
	walk->protocol = extension->next;
	walk->size += size;
	asm volatile(""
		     : "+r"(size)); /* the compiler knows the bound, the verifier wants to see it */
	cursor->at += size & EXTENSION_MASK;
	cursor->left -= size;
	if (type == IPPROTO_FRAGMENT) {
		walk->behind = walk->size;
		walk->fragment = bpf_ntohs(extension->fragment);
		walk->beside = position | is_extension(walk->protocol);
	}
	return true;
}

/* From the IPv6 header at `at` on, of which parse_ipv6() has seen that it is right. */
static __always_inline __u64 walk(void *at, void *end, __u64 left)
{
	struct cursor cursor = cursor_unpack(at, end, left);
	const struct ipv6hdr *ip = at;
	union walk walk = {};
	int position;

	if (!has_bytes(&cursor, sizeof(*ip)))
		return 0;
	walk.protocol = ip->nexthdr;
	cursor.at += sizeof(*ip);
	cursor.left = stated_length(&cursor, ip->payload_len);
	for (position = 0; position < IPV6_HEADERS_MAX && walks_on(&walk); position++)
		if (!walk_header(&cursor, &walk, position))
			break;
	if (walks_on(&walk))
		walk.size = 0;
	return walk.number;
}

/* `offset` of the IPv6 header, and `left` from there on: see cursor_pack(). */
__noinline __u64 walk_frame(struct xdp_md *ctx, __u64 offset, __u64 left)
{
	return walk((void *)(long)ctx->data + (offset & NETWORK_MASK), (void *)(long)ctx->data_end,
		    left);
}

__noinline __u64 walk_skb(struct __sk_buff *ctx, __u64 offset, __u64 left)
{
	return walk((void *)(long)ctx->data + (offset & NETWORK_MASK), (void *)(long)ctx->data_end,
		    left);
}

/* The cursor is at the IPv6 header. */
static __always_inline bool has_extensions(const struct cursor *cursor)
{
	const struct ipv6hdr *ip = cursor->at;

	return has_bytes(cursor, sizeof(*ip)) && is_extension(ip->nexthdr);
}

/* Returns union walk's number. */
static __always_inline __u64 walk_extensions(void *ctx, __u64 can, const struct cursor *cursor)
{
	struct __sk_buff *skb = ctx;
	struct xdp_md *xdp = ctx;

	if (can & IS_SKB)
		return walk_skb(skb, cursor->at - (void *)(long)skb->data, cursor_pack(cursor));
	return walk_frame(xdp, cursor->at - (void *)(long)xdp->data, cursor_pack(cursor));
}

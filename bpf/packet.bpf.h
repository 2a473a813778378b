/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packet.bpf.h - struct packet, what is read of one, and the cursor that reads.
 *
 * A cursor knows two ends: the end of the buffer, which the verifier wants checked beside each
 * access, and how many bytes are left of what the packet itself says that it is long. Bytes behind
 * that (padding) are never looked at.
 */
#pragma once

#include "maps.bpf.h"

#define CURSOR_MASK	0x7fff	   /* 40 + 8 * 2048 bytes of headers fit */
#define LEFT_MASK	0x7fffffff /* no packet is longer; 31 bits, as RHEL 8.4 subtracts in s32 */
#define IP_PAYLOAD_MAX	65535
#define PACKET_LOOPBACK 5 /* our own multicast or broadcast: linux/if_packet.h, never off a wire */
#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_ACK		0x10
#define TCP_URG		0x20

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
	__u16 upper;   /* IPv6: bytes from its header to the upper layer's */
	/* Of fragments: */
	__u32 start; /* bytes */
	__u32 end;   /* bytes, of one that is not the last; FRAGMENT_END of the last */
	union {
		__u32 identification; /* as on the wire */
		__be32 sequence;      /* of a whole packet of TCP */
	};
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

/* `left` and `merged` in one number. */
static __always_inline __u64 cursor_pack(const struct cursor *cursor)
{
	return cursor->left | (__u64)cursor->merged << 32;
}

static __always_inline struct cursor cursor_unpack(void *at, void *end, __u64 packed)
{
	struct cursor cursor = {
		.at = at, .end = end, .left = packed & LEFT_MASK, .merged = packed >> 32};

	return cursor;
}

static __always_inline void skb_cursor(struct cursor *cursor, struct __sk_buff *skb)
{
	cursor->at = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	cursor->left = skb->len & LEFT_MASK;
	cursor->merged = true;
}

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

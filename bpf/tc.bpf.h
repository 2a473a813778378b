/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tc.bpf.h - the tc ingress entry points: the frame as XDP sees it, but after GRO, and without the
 * outermost VLAN tag, which the kernel has taken off by then (net/core/dev.c) or the card before.
 */
#pragma once

#include "account.bpf.h"
#include "cookie_answer.bpf.h"

#define TC_PASS -1 /* TCX_NEXT, TC_ACT_UNSPEC: the next program is asked, if there is one */
#define TC_DROP 2  /* TCX_DROP, TC_ACT_SHOT */

#define IP_START     8	/* bytes that tell how long it is */
#define UPPER_START  20 /* of TCP; the others read less */
#define HEADERS_MOST (ETH_HLEN + 4 + 40 + 8 * 2048 + UPPER_START)

/* How many bytes of the packet may judge() read? */
static __always_inline __u32 headers_length(struct __sk_buff *skb)
{
	__u8 start[IP_START];

	if (bpf_skb_load_bytes(skb, l2_len, start, sizeof(start)))
		return HEADERS_MOST;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return l2_len + (start[0] & 0xf) * 4 + UPPER_START;
	if (skb->protocol == bpf_htons(ETH_P_IPV6) && !is_extension(start[6]))
		return l2_len + sizeof(struct ipv6hdr) + UPPER_START;
	return HEADERS_MOST;
}

/*
 * What GRO merged lies in pieces, and is to stay so; most drivers put the headers into the first
 * one. Only what is missing of them is pulled there.
 */
static __always_inline void pull_headers(struct __sk_buff *skb)
{
	__u32 wanted = headers_length(skb);

	if (wanted > skb->len)
		wanted = skb->len;
	if ((__u64)skb->data_end - (__u64)skb->data < wanted)
		bpf_skb_pull_data(skb, wanted); /* or the header is not there: malformed */
}

/* The tag that stands beside the frame, and the cursor on what is in it. */
static __always_inline void read_start(struct __sk_buff *skb, struct packet *packet,
				       struct cursor *ret)
{
	if (skb->vlan_present) {
		packet->vlan = skb->vlan_tci & VLAN_ID_MASK;
		packet->tags_off = 1;
	}
	if ((__u64)skb->data_end - (__u64)skb->data < skb->len)
		pull_headers(skb);
	skb_cursor(ret, skb);
}

/*
 * `again`: XDP has judged the packet before. As at the cgroup hook, what has passed there is not counted
 * again, and a refusal is.
 */
static __always_inline int filter_skb(struct __sk_buff *skb, __u64 can, bool again)
{
	struct hook_context hook = {
		.ctx = skb,
		.ifindex = skb->ifindex,
		.slot = SLOT_UNASKED,
		.can = can | IS_BELOW | IS_SKB,
		.again = again,
	};
	struct packet packet = {.bytes = skb->len};
	struct verdict verdict = {};
	struct cursor cursor;
	__u32 answer, syn;

	/* Comes by no wire, and without a header of L2. */
	if (skb->pkt_type == PACKET_LOOPBACK)
		return TC_PASS;
	read_start(skb, &packet, &cursor);
	judge(&hook, &cursor, l2_len, &packet, &verdict);
	answer = is_dropped(&verdict) && verdict.enforce ? TC_DROP : TC_PASS;
	syn = verdict.syn;
	asm volatile("" : "+r"(answer), "+r"(syn)); /* as in filter_frame() */
	if (!again)
		note_admitted(&packet, &verdict);
	if (!again || answer == TC_DROP)
		account(&hook, &packet, &verdict);
	if (answer == TC_DROP)
		count_refused(hook.ifindex);
	if (hook.can & CAN_COOKIE && syn)
		return answer_by_tc(skb, &packet);
	return answer;
}

/* 5.8 and later. */
SEC("tc")
int rolewall_tc(struct __sk_buff *skb)
{
	return filter_skb(skb,
			  CAN_RINGBUF | CAN_LOOKUP | CAN_HOLD | CAN_COOKIE | CAN_FORWARD | CAN_FLOW,
			  false);
}

/* Behind XDP while a flood lasts. Fragments have had their room there. */
SEC("tc")
int rolewall_shield(struct __sk_buff *skb)
{
	return filter_skb(skb, CAN_RINGBUF | CAN_LOOKUP | CAN_COOKIE | CAN_FORWARD | CAN_FLOW,
			  true);
}

#ifndef RW_CONNTRACK
/* From 5.4 on. */
SEC("tc")
int rolewall_tc_54(struct __sk_buff *skb)
{
	return filter_skb(skb, CAN_LOOKUP | CAN_HOLD | CAN_FLOW, false);
}
#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp.bpf.h - the XDP entry points. One program, for what three ages of kernels can do.
 */
#pragma once

#include "account.bpf.h"
#include "cookie_answer.bpf.h"

static __always_inline int filter_frame(struct xdp_md *ctx, __u64 length, __u64 can)
{
	struct hook_context hook = {
		.ctx = ctx,
		.ifindex = ctx->ingress_ifindex,
		.slot = SLOT_UNASKED,
		.can = can | IS_BELOW,
	};
	struct cursor cursor = {
		.at = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.left = length & LEFT_MASK,
	};
	struct packet packet = {.bytes = length};
	struct verdict verdict = {};
	__u32 answer, syn;

	judge(&hook, &cursor, l2_len, &packet, &verdict);
	answer = is_dropped(&verdict) && verdict.enforce ? XDP_DROP : XDP_PASS;
	syn = verdict.syn;
	/* The verifier need not carry each reason to the end. */
	asm volatile("" : "+r"(answer), "+r"(syn));
	note_admitted(&packet, &verdict);
	account(&hook, &packet, &verdict);
	if (shields && answer == XDP_DROP)
		count_refused(hook.ifindex);
	if (hook.can & CAN_COOKIE && syn)
		return answer_by_xdp(ctx, &packet);
	return answer;
}

#ifndef RW_CONNTRACK
/* 5.8 and later. */
SEC("xdp")
int rolewall_xdp(struct xdp_md *ctx)
{
	return filter_frame(ctx, ctx->data_end - ctx->data,
			    CAN_RINGBUF | CAN_LOOKUP | CAN_HOLD | CAN_COOKIE | CAN_FLOW);
}

#endif

/* How long is the packet in an Ethernet frame without tags, as its IP header says? Else: very. */
static __always_inline __u64 frame_stated(struct xdp_md *ctx)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ipv6 = at + ETH_HLEN;
	struct iphdr *ip = at + ETH_HLEN;
	__be16 type;

	if (l2_len != ETH_HLEN || (void *)(ip + 1) > end)
		return LEFT_MASK;
	type = ((__be16 *)at)[6];
	if (type == bpf_htons(ETH_P_IP))
		return ETH_HLEN + bpf_ntohs(ip->tot_len);
	if (type == bpf_htons(ETH_P_IPV6))
		return ETH_HLEN + sizeof(*ipv6) + bpf_ntohs(ipv6->payload_len);
	return LEFT_MASK;
}

/*
 * The kernel is asked where the first buffer does not hold what IP says that there is: the call
 * costs a tenth of what judging does. What it does not hold of padding is not counted.
 */
static __always_inline __u64 frame_length(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;

	return frame_stated(ctx) <= length ? length : bpf_xdp_get_buff_len(ctx);
}

/* 5.18 and later: frames in several buffers (jumbo frames). The headers lie in the first one. */
SEC("xdp.frags")
int rolewall_frags(struct xdp_md *ctx)
{
	return filter_frame(ctx, frame_length(ctx),
			    CAN_RINGBUF | CAN_LOOKUP | CAN_HOLD | CAN_COOKIE | CAN_FORWARD |
				    CAN_FLOW);
}

#ifndef RW_CONNTRACK
/* From 5.4 on. */
SEC("xdp")
int rolewall_xdp_54(struct xdp_md *ctx)
{
	return filter_frame(ctx, ctx->data_end - ctx->data, CAN_LOOKUP | CAN_HOLD | CAN_FLOW);
}
#endif

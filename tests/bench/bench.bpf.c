// SPDX-License-Identifier: GPL-2.0
/*
 * bench.bpf.c - what the product is measured against, and the source of the flood.
 */
#include "../../bpf/parse.bpf.h"

#define RANDOM_FIRST 0x0a000000 /* as in bench.h */
#define RANDOM_MASK  0xfffff
#define PACE_MAX     500
#define PACE_BEHIND  1000000 /* ns */
#define NEXT_MAX     40	     /* subjects of a series */

/* Set by the measuring program, which runs one program at a time. */
__u32 random_state;
__u32 next_index;    /* which program comes after `random_source` */
__u32 flood_ifindex; /* where `generate` sends */
__u32 flood_ip_sum;  /* frame_ip_sum() and frame_tcp_sum() of the frame */
__u32 flood_tcp_sum;
__u32 flood_interval; /* ns between two packets; 0: none */
__u64 flood_first;    /* when the first packet was sent, and when the next one is to be: */
__u64 flood_next;     /* ns, CLOCK_MONOTONIC */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, NEXT_MAX);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

struct segment_frame {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

/* Least expensive that can be. */
SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int bench_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* The product's parser, and nothing else. */
SEC("xdp")
int bench_parse(struct xdp_md *ctx)
{
	struct cursor cursor = {
		.at = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.left = ctx->data_end - ctx->data,
	};
	struct packet packet = {};

	return parse_link(&cursor, ETH_HLEN, &packet) || parse_network(ctx, 0, &cursor, &packet) ||
			       packet.port == 7
		       ? XDP_DROP
		       : XDP_PASS;
}

SEC("cgroup_skb/ingress")
int bench_floor_cgroup(struct __sk_buff *skb)
{
	return 0;
}

static __always_inline __be32 random_address(void)
{
	random_state = random_state * 1664525 + 1013904223; /* Numerical Recipes' LCG: cheap */
	return bpf_htonl(RANDOM_FIRST + (random_state >> 12 & RANDOM_MASK));
}

/* Give the packet another source each time it comes by, and hand it on. */
SEC("xdp")
int bench_random_source(struct xdp_md *ctx)
{
	struct segment_frame *frame = (void *)(long)ctx->data;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	frame->ip.saddr = random_address();
	bpf_tail_call(ctx, &next, next_index);
	return XDP_ABORTED;
}

static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Wait for the time of the next packet, but not for ever: the verifier wants an end of it. */
static __always_inline void pace(void)
{
	__u64 now = bpf_ktime_get_ns();
	int i;

	for (i = 0; i < PACE_MAX && now < flood_next; i++)
		now = bpf_ktime_get_ns();
	if (!flood_first)
		flood_first = now;
	/* After a pause what was missed is sent, up to a limit. */
	flood_next = (now > flood_next + PACE_BEHIND ? now : flood_next) + flood_interval;
}

/* The flood: another source, right check sums, off to the receiver. */
SEC("xdp")
int bench_generate(struct xdp_md *ctx)
{
	struct segment_frame *frame = (void *)(long)ctx->data;
	__u32 source = random_address();
	__u32 sum = (source & 0xffff) + (source >> 16);

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (flood_interval)
		pace();
	frame->ip.saddr = source;
	frame->ip.check = sum_fold(flood_ip_sum + sum);
	frame->tcp.check = sum_fold(flood_tcp_sum + sum);
	return bpf_redirect(flood_ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";

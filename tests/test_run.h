/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_run.h - what BPF_PROG_TEST_RUN of this kernel can do for the programs under test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#define TEST_RUN_LOOPBACK 1 /* ifindex of every XDP packet, where it cannot be told another */

/* Run the instructions on 64 bytes. Returns what they return, or -1 if the kernel refuses. */
static inline int test_run(enum bpf_prog_type type, const struct bpf_insn *insns, size_t count,
			   void *context, unsigned int context_size)
{
	char frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = context, .ctx_size_in = context_size);
	int fd = bpf_prog_load(type, "test_run", "GPL", insns, count, NULL);
	int result = fd >= 0 && bpf_prog_test_run_opts(fd, &run) == 0 ? (int)run.retval : -1;

	if (fd >= 0)
		close(fd);
	return result;
}

/* Can it tell an XDP program which device a packet came from? From 5.15 on. */
static inline bool test_run_knows_device(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	struct xdp_md context = {.data_end = 64};

	return test_run(BPF_PROG_TYPE_XDP, pass, sizeof(pass) / sizeof(*pass), &context,
			sizeof(context)) == XDP_PASS;
}

/*
 * Does it show a cgroup program the packet? 6.1 does not: there data_end is 0 (net/bpf/test_run.c,
 * is_direct_pkt_access), while packets that really arrive are seen.
 */
static inline bool test_run_shows_cgroup(void)
{
	static const struct bpf_insn is_there[] = {
		{.code = BPF_LDX | BPF_W | BPF_MEM,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_REG_1,
		 .off = offsetof(struct __sk_buff, data)},
		{.code = BPF_LDX | BPF_W | BPF_MEM,
		 .dst_reg = BPF_REG_3,
		 .src_reg = BPF_REG_1,
		 .off = offsetof(struct __sk_buff, data_end)},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_JGT | BPF_X,
		 .dst_reg = BPF_REG_3,
		 .src_reg = BPF_REG_2,
		 .off = 1},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return test_run(BPF_PROG_TYPE_CGROUP_SKB, is_there, sizeof(is_there) / sizeof(*is_there),
			NULL, 0) == 1;
}

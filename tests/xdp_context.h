/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp_context.h - can BPF_PROG_TEST_RUN tell an XDP program which device a packet came from?
 *
 * From 5.15 on. Before, every packet comes from the loopback device of the namespace.
 */
#ifndef ROLEWALL_TESTS_XDP_CONTEXT_H
#define ROLEWALL_TESTS_XDP_CONTEXT_H

#include <stdbool.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#define XDP_CONTEXT_LOOPBACK 1 /* ifindex, where it cannot */

static inline bool has_xdp_context(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	char frame[64] = {0};
	struct xdp_md context = {.data_end = sizeof(frame)};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "context", "GPL", pass,
			       sizeof(pass) / sizeof(*pass), NULL);
	bool has = fd >= 0 && bpf_prog_test_run_opts(fd, &run) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

#endif

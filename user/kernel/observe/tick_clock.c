/* SPDX-License-Identifier: GPL-2.0 */
/* tick_clock.c - find out CONFIG_HZ, and turn ticks into times. */
#include "kernel/observe/tick_clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"
#include "util/clock.h"

#define SECOND 1000000000LL

/* A socket filter returns 32 bits of jiffies64, which is enough: the rest is time since boot. */
static int read_jiffies(uint32_t *ret)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_jiffies64},
		{.code = BPF_JMP | BPF_EXIT},
	};
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "rw_jiffies", "GPL", program,
				       sizeof(program) / sizeof(*program), NULL);

	if (fd < 0 || bpf_prog_test_run_opts(fd, &run))
		return -1;
	*ret = run.retval;
	return 0;
}

/*
 * jiffies64 starts at 2^32 - 300 * HZ (include/linux/jiffies.h, INITIAL_JIFFIES) and counts HZ a
 * second since boot; the HZ that fits the time since boot best is the kernel's.
 */
static uint32_t find_hz(uint32_t jiffies, int64_t uptime_ns, uint64_t *ret_jiffies)
{
	static const uint32_t candidates[] = {100, 250, 300, 1000, 1024, 512,
					      256, 128, 24,  48,   1200};
	uint64_t best_off = UINT64_MAX;
	uint32_t best = 0;
	size_t i;

	for (i = 0; i < sizeof(candidates) / sizeof(*candidates); i++) {
		uint32_t hz = candidates[i];
		uint64_t expected =
			(1ULL << 32) - 300ULL * hz + (uint64_t)(uptime_ns / 1000 * hz / 1000000);
		int32_t off = (int32_t)(jiffies - (uint32_t)expected);
		uint64_t off_ns = (uint64_t)labs(off) * SECOND / hz;

		if (off_ns >= best_off)
			continue;
		best_off = off_ns;
		best = hz;
		*ret_jiffies = expected + off;
	}
	return best;
}

void tick_clock_read(struct tick_clock *ret)
{
	uint32_t jiffies;

	*ret = (struct tick_clock){.wall_ns = clock_now(CLOCK_REALTIME)};
	if (read_jiffies(&jiffies) == 0)
		ret->hz = find_hz(jiffies, clock_now(CLOCK_MONOTONIC), &ret->jiffies);
}

int64_t tick_to_wall(const struct tick_clock *clock, uint64_t jiffies)
{
	int64_t ago;

	if (!jiffies || !clock->hz)
		return 0;
	/* Less than 0 for what happened after the clock was read. */
	ago = (int64_t)(clock->jiffies - jiffies);
	return clock->wall_ns - ago * (SECOND / 1000) / clock->hz * 1000;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* tick_clock.h - the stamps of the drop path, jiffies64, as ns since the epoch. */
#pragma once

#include <stdint.h>

struct tick_clock {
	uint64_t jiffies; /* at `wall_ns` */
	int64_t wall_ns;  /* ns since the epoch */
	uint32_t hz;	  /* CONFIG_HZ; 0: the kernel lacks bpf_jiffies64 */
};

/* Read both clocks at once, by running a two-instruction program. */
void tick_clock_read(struct tick_clock *ret);

/* 0 stays 0. */
int64_t tick_to_wall(const struct tick_clock *clock, uint64_t jiffies);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - the kernel's times as ns since the epoch.
 *
 * The programs stamp with what is cheap: jiffies64 on the drop path, CLOCK_MONOTONIC in events.
 */
#ifndef ROLEWALL_KERNEL_CLOCK_H
#define ROLEWALL_KERNEL_CLOCK_H

#include <stdint.h>
#include <time.h>

struct tick_clock {
	uint64_t jiffies; /* at `wall_ns` */
	int64_t wall_ns;  /* ns since the epoch */
	uint32_t hz;	  /* CONFIG_HZ; 0: the kernel lacks bpf_jiffies64 */
};

/* Read both clocks at once, by running a two-instruction program. */
void tick_clock_read(struct tick_clock *ret);

/* 0 stays 0. */
int64_t tick_to_wall(const struct tick_clock *clock, uint64_t jiffies);

int64_t monotonic_to_wall(uint64_t monotonic_ns);

/* ns since the epoch, and what has to be added to the time of another clock to get there. */
int64_t wall_now(void);
int64_t wall_offset(clockid_t clock);

#endif

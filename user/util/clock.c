/* SPDX-License-Identifier: GPL-2.0 */
/* clock.c - the system's clocks. */
#include "util/clock.h"

#define SECOND 1000000000LL

int64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

int64_t wall_now(void)
{
	return clock_now(CLOCK_REALTIME);
}

int64_t wall_offset(clockid_t clock)
{
	return clock_now(CLOCK_REALTIME) - clock_now(clock);
}

int64_t monotonic_to_wall(uint64_t monotonic_ns)
{
	return wall_offset(CLOCK_MONOTONIC) + (int64_t)monotonic_ns;
}

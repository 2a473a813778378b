/* SPDX-License-Identifier: GPL-2.0 */
/* clock.c - the system's clocks. */
#include "util/clock.h"

int64_t time_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int64_t time_subtract(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return difference;
}

int64_t time_of_seconds(int64_t seconds)
{
	int64_t ns;

	if (__builtin_mul_overflow(seconds, NS_PER_SECOND, &ns))
		return seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

int64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t wall_now(void)
{
	return clock_now(CLOCK_REALTIME);
}

int64_t wall_offset(clockid_t clock)
{
	return clock_now(CLOCK_REALTIME) - clock_now(clock);
}

static int64_t to_wall(clockid_t clock, uint64_t ns)
{
	return time_add(wall_offset(clock), ns < INT64_MAX ? (int64_t)ns : INT64_MAX);
}

int64_t monotonic_to_wall(uint64_t monotonic_ns)
{
	return to_wall(CLOCK_MONOTONIC, monotonic_ns);
}

int64_t boottime_to_wall(uint64_t boottime_ns)
{
	return to_wall(CLOCK_BOOTTIME, boottime_ns);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock.h - the system's clocks, and the sums that are made of their times: ns, or seconds.
 *
 * To compare times of two clocks, call wall_offset() once and use its result from then on: the
 * wall clock can be set between two calls.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND 1000000000LL

/* Sums stop at the ends of int64_t, which are years 1677 and 2262: far off is not long ago. */
int64_t time_add(int64_t a, int64_t b);
int64_t time_subtract(int64_t a, int64_t b);
int64_t time_of_seconds(int64_t seconds);

/* ns of one clock. */
int64_t clock_now(clockid_t clock);

/* ns since the epoch, and what to add to the time of another clock to get there. */
int64_t wall_now(void);
int64_t wall_offset(clockid_t clock);

int64_t monotonic_to_wall(uint64_t monotonic_ns);
int64_t boottime_to_wall(uint64_t boottime_ns);

/* SPDX-License-Identifier: GPL-2.0 */
/* clock.h - the system's clocks as ns since the epoch. */
#ifndef ROLEWALL_UTIL_CLOCK_H
#define ROLEWALL_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* ns of one clock. */
int64_t clock_now(clockid_t clock);

/* ns since the epoch, and what has to be added to the time of another clock to get there. */
int64_t wall_now(void);
int64_t wall_offset(clockid_t clock);

int64_t monotonic_to_wall(uint64_t monotonic_ns);

#endif

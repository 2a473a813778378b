/* SPDX-License-Identifier: GPL-2.0 */
/* burst.c - how long to wait for the end of a burst. */
#include "util/burst.h"

int64_t burst_wait(struct burst *burst, int64_t now)
{
	int64_t left;

	if (!burst->since)
		burst->since = now;
	left = burst->since + burst->longest - now;
	if (left < 0)
		return 0;
	return left < burst->quiet ? left : burst->quiet;
}

void burst_end(struct burst *burst)
{
	burst->since = 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * burst.h - news come in bursts, and are looked at when one is over; or after a while, for some
 * bursts never end.
 */
#pragma once

#include <stdint.h>

struct burst {
	int64_t quiet;	 /* ms without news that end a burst */
	int64_t longest; /* ms after which it is not waited for its end any more */
	int64_t since;	 /* its first news, in ms of any clock; 0: there is none */
};

/* News at `now`: how many ms to wait, from now on, before they are looked at. */
int64_t burst_wait(struct burst *burst, int64_t now);

/* They are looked at. */
void burst_end(struct burst *burst);

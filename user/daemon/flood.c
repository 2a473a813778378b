/* SPDX-License-Identifier: GPL-2.0 */
/* flood.c - a rate over the time since the last look, and how long it has been low. */
#include "daemon/flood.h"

#define LOOK_MS 200 /* less says little about a second */

/* Returns false if there is nothing to say yet. */
static bool rate_take(struct flood *flood, uint64_t packets, int64_t now_ms)
{
	int64_t passed = now_ms - flood->looked_ms;
	bool first = !flood->looked_ms || packets < flood->packets || passed < 0;

	if (!first && passed < LOOK_MS)
		return false;
	if (!first)
		flood->rate = (packets - flood->packets) * 1000 / (uint64_t)passed;
	flood->packets = packets;
	flood->looked_ms = now_ms;
	return !first;
}

enum flood_turn flood_look(struct flood *flood, const struct flood_limits *limits, uint64_t packets,
			   int64_t now_ms, bool shielded)
{
	bool taken = rate_take(flood, packets, now_ms);

	if (!shielded) {
		flood->calm_since_ms = 0;
		return taken && flood->rate >= limits->rate ? FLOOD_BEGINS : FLOOD_STAYS;
	}
	if (!flood->calm_since_ms || (taken && flood->rate >= limits->rate / 2))
		flood->calm_since_ms = now_ms;
	return now_ms - flood->calm_since_ms >= limits->calm_ms ? FLOOD_ENDS : FLOOD_STAYS;
}

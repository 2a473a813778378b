/* SPDX-License-Identifier: GPL-2.0 */
/* flood.h - when is it a flood, and when is it over? Of one interface, by what was refused there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From here on tc takes 7 % of a core more than native XDP would: docs/decisions/, 95. */
#define FLOOD_RATE    50000
#define FLOOD_CALM_MS 60000

struct flood_limits {
	uint64_t rate;	 /* packets refused a second that are a flood */
	int64_t calm_ms; /* so long less than half of that, and it is over */
};

/* Starts as zeros. */
struct flood {
	uint64_t packets;  /* at the last look */
	uint64_t rate;	   /* a second, before that */
	int64_t looked_ms; /* of any clock; 0: not yet */
	int64_t calm_since_ms;
};

enum flood_turn { FLOOD_STAYS, FLOOD_BEGINS, FLOOD_ENDS };

/* `packets`: refused so far; `now_ms` is not 0; `shielded`: what it is taken for at present. */
enum flood_turn flood_look(struct flood *flood, const struct flood_limits *limits, uint64_t packets,
			   int64_t now_ms, bool shielded);

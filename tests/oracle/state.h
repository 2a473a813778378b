/* SPDX-License-Identifier: GPL-2.0 */
/*
 * state.h - section 12 of docs/verdict.md, a second time: what the node remembers of UDP.
 *
 * Time is the caller's: nothing here asks a clock.
 */
#pragma once

#include "model.h"

#define STATE_FLOWS   512  /* conversations */
#define STATE_TOUCHED 4096 /* notes */

struct state {
	uint64_t now; /* ns; never 0 */
	struct model_flow flows[STATE_FLOWS];
	uint64_t last[STATE_FLOWS]; /* of each of them */
	size_t flow_count;
	uint64_t notes[RW_UNASKED];	 /* as in the map `unasked`; 0 = none */
	uint32_t touched[STATE_TOUCHED]; /* notes that there are */
	size_t touched_count;
};

/* Nobody talks, and nobody came. */
void state_clear(struct state *state);

/* `policy` gets the conversations of the state for its own, which it borrows. */
void state_show(struct state *state, struct model_policy *policy);

/* A packet was judged at a socket whose local port is `port`. */
void state_arrived(struct state *state, const struct model_policy *policy,
		   const struct model_packet *packet, const struct model_verdict *verdict,
		   uint16_t port);

/* The node sends it; false: it is refused. */
bool state_sent(struct state *state, const struct model_policy *policy,
		const struct model_packet *packet);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sequence.h - what comes one after the other: datagrams that the node sends and gets, and between
 * them openings that end, rules and modes that change, time that passes, other namespaces.
 */
#pragma once

#include "random.h"
#include "state.h"
#include "subject.h"

struct sequence_sums {
	unsigned long packets;
	unsigned long established; /* of them, by a conversation */
	unsigned long refused;
	unsigned long began_none; /* sent by what goes on already, or to who is not learned */
	unsigned long foreign;
};

/*
 * Some sequences with a policy that is installed and may be changed. `state` is room.
 * `ret_differs`: the two sides did, which is said on stderr. 0 or -errno.
 */
int sequences_play(const struct subject *subject, struct model_policy *policy,
		   struct random *random, struct state *state, struct sequence_sums *sums,
		   bool *ret_differs);

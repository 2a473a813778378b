/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rule_counters.h - what a rule has counted outlives the rule, in the counters of the reasons
 * `open` and `zone-denied`: there, programs count nothing themselves, and the sum of a reason
 * (snapshot.h) never falls.
 */
#pragma once

#include <stdbool.h>

#include "kernel/generation/generation.h"
#include "kernel/object/maps.h"

/* Counters of the rules 0 .. RW_RULES - 1 of these are needed. Before the commit. */
int rule_counters_make(const struct maps *maps, const bool *needed);

/* Sums over CPUs of the first `count`. 0 or -errno. */
int rule_counters_read(int outer, size_t count, struct rw_rule_counter *ret);

/* Empty those of RW_RULES that are `unused`: no policy in force counts with them. 0 or -errno. */
int rule_counters_settle(const struct maps *maps, const bool *unused);

/* After the commit of `next`: those that only `current` counted with. */
int rule_counters_retire(const struct maps *maps, const struct generation *current,
			 const struct generation *next);

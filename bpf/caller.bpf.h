/* SPDX-License-Identifier: GPL-2.0 */
/*
 * caller.bpf.h - attempt -> who was here before: sources that were refused lately, and what of them
 * was not told.
 *
 * A flood from everywhere is made of sources that come once; who scans slowly comes again. The
 * table is shared by all CPUs, because a network card spreads one scanner over them. A source gives
 * way to another one only when it is the one of its set that was here longest ago, and for YOUNG
 * epochs to one in 2^SPARED_BITS only: at any rate, some sources stay long enough to come again.
 */
#pragma once

#include "verdict.bpf.h"

#define YOUNG	    3 /* epochs */
#define SPARED_BITS 4
#define FORGOTTEN   256 /* epochs: rw_untold.second would begin anew */

/* The identity of an attempt: its first 24 bytes. */
struct attempt_identity {
	__u64 words[3];
};

/* Both halves of a word count in every bit: the lower one is the same in all IPv4 addresses. */
static __always_inline __u64 caller_hash(const struct rw_attempt *attempt)
{
	const struct attempt_identity *identity = (const void *)attempt;
	__u64 high = identity->words[0], low = identity->words[1], hash;

	hash = (high ^ high >> 32) * seeds[3] + (low ^ low >> 32) * seeds[4] +
	       ((__u64)attempt->ifindex << 1 | attempt->observed) * seeds[5];
	return (hash ^ hash >> 32) * seeds[6] | 1;
}

/* Without a subtraction, of which RHEL 8.4 computes wrong bounds: tests/lint/shapes.h. */
static __always_inline __u64 difference(__u64 from, __u64 number)
{
	__u64 inverse = ~number;

	asm volatile("" : "+r"(inverse)); /* or the compiler makes a subtraction of it */
	return from + inverse + 1;
}

static __always_inline __u32 caller_age(const struct rw_caller *caller, __u32 epoch)
{
	return difference(epoch, caller->seen) & 0xffff;
}

/*
 * 1 for 0, else 0. No branch: with one for each way the verifier would follow every combination of
 * them, and so would the CPU.
 */
static __always_inline __u64 is_zero(__u64 value)
{
	__u64 either = value | -value;

	asm volatile("" : "+r"(either)); /* or the compiler makes a branch of it */
	return either >> 63 ^ 1;
}

static __always_inline __u64 more_of(__u64 one, __u64 other)
{
	__u64 less = difference(one, other); /* both are small */

	asm volatile("" : "+r"(less));
	return one + difference(other, one) * (less >> 63);
}

/* The way of a set that has this source; RW_CALLER_WAYS: none. */
static __always_inline __u32 caller_find(const struct rw_caller_set *set, __u64 who)
{
	__u64 way = 0, found = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < RW_CALLER_WAYS; i++) {
		__u64 same = is_zero(set->who[i] ^ who);

		way += same * i;
		found += same;
	}
	return found ? way : RW_CALLER_WAYS;
}

/* The way that was here longest ago; a free one first. */
static __always_inline __u32 caller_oldest(const struct rw_caller_set *set, __u32 epoch)
{
	__u64 oldest = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < RW_CALLER_WAYS; i++) {
		__u64 age = caller_age(&set->callers[i], epoch) | is_zero(set->who[i]) << 16;

		oldest = more_of(oldest, age * RW_CALLER_WAYS + i);
	}
	return oldest & (RW_CALLER_WAYS - 1);
}

/*
 * The source of a new attempt is here. Returns what is known of it, the visit counted, or NULL if
 * there is no room for it. `ret_again`: it was here before, and had its chance of an event in this
 * epoch not yet.
 */
static __always_inline struct rw_caller *caller_visit(const struct rw_attempt *attempt, __u32 epoch,
						      __u32 lot, bool *ret_again)
{
	__u64 who = caller_hash(attempt);
	__u32 index = who >> (64 - RW_CALLER_BITS), zero = 0, way;
	void *sets = bpf_map_lookup_elem(&callers, &zero);
	struct rw_caller_set *set;
	struct rw_caller *caller;

	if (!sets)
		return NULL;
	set = bpf_map_lookup_elem(sets, &index);
	if (!set)
		return NULL;
	way = caller_find(set, who);
	if (way >= RW_CALLER_WAYS) {
		way = caller_oldest(set, epoch);
		caller = &set->callers[way];
		if (set->who[way] && caller_age(caller, epoch) < YOUNG &&
		    lot & ((1 << SPARED_BITS) - 1))
			return NULL;
		set->who[way] = who;
		caller->visits = 0;
	} else {
		caller = &set->callers[way];
		if (caller_age(caller, epoch) >= FORGOTTEN)
			caller->visits = 0;
	}
	if (!caller->visits)
		caller->untold = 0;
	*ret_again = caller->visits && caller->seen != (epoch & 0xffff);
	if (caller->visits < 255)
		caller->visits++;
	caller->seen = epoch;
	return caller;
}

/* How often it came, as 0 .. RW_CALLER_LEVELS - 1: so that those who fill one level with sources of
 * their own have to come twice as often to fill the next one. */
static __always_inline __u32 caller_level(const struct rw_caller *caller)
{
	__u64 visits = caller->visits, level = 0;
	__u32 bit;

#pragma unroll
	for (bit = 1; bit < RW_CALLER_LEVELS; bit++)
		level += 1 - is_zero(visits >> bit);
	return level;
}

/*
 * This attempt is told when its source comes again, not now. The last one has the last place.
 */
static __always_inline void caller_note(struct rw_caller *caller, const struct rw_attempt *attempt,
					__u32 epoch)
{
	__u32 at = caller->untold;
	struct rw_untold *untold;

	if (attempt->l4 != IPPROTO_TCP && attempt->l4 != IPPROTO_UDP)
		return;
	if (at >= RW_CALLER_UNTOLD)
		at = RW_CALLER_UNTOLD - 1;
	untold = &caller->attempts[at];
	untold->port = attempt->port;
	untold->what = attempt->reason | (attempt->l4 == IPPROTO_UDP ? RW_UNTOLD_UDP : 0);
	untold->second = rw_untold_second(epoch);
	caller->untold = at + 1;
}

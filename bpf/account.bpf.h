/* SPDX-License-Identifier: GPL-2.0 */
/*
 * account.bpf.h - counters, attempts, events.
 *
 * Invariant, for every reason: drops = packets in `attempts` + settled.events +
 * settled.unattributed. Each dropped packet is added to exactly one record; a record that leaves
 * the table takes its packets to exactly one of the other two.
 *
 * XDP and cgroup ingress both run with bottom halves off, so no two of them meet on one CPU, and
 * plain additions to per-CPU values are exact.
 */
#ifndef ROLEWALL_ACCOUNT_BPF_H
#define ROLEWALL_ACCOUNT_BPF_H

#include "verdict.bpf.h"

/*
 * Multilinear hashing: odd multipliers, of which the top bits of the sum are taken. Three products
 * at once, and no chain of them. (Those of splitmix64: Steele, Lea, Flood.)
 */
#define MIX_1 0xbf58476d1ce4e5b9ULL
#define MIX_2 0x94d049bb133111ebULL
#define MIX_3 0x9e3779b97f4a7c15ULL

/* The identity of an attempt: its first 24 bytes. */
struct attempt_identity {
	__u64 words[3];
};

static __always_inline void count(struct rw_counter *counter, const struct packet *packet)
{
	counter->packets++;
	counter->bytes += packet->bytes;
}

static __always_inline void count_verdict(const struct packet *packet,
					  const struct verdict *verdict)
{
	struct rw_rule_counter *rule;
	struct rw_counter *reason;
	__u32 index;

	if (verdict->rule != RW_RULE_NONE) {
		index = verdict->rule;
		rule = bpf_map_lookup_elem(&rule_counters, &index);
		if (rule)
			count(is_dropped(verdict) ? &rule->dropped : &rule->passed, packet);
		return;
	}
	index = verdict->reason;
	reason = bpf_map_lookup_elem(&reason_counters, &index);
	if (reason)
		count(reason, packet);
}

/* Credits are spent. Has this attempt's port, or its source, had an event since the last grant? */
static __always_inline bool event_share(const struct rw_attempt *attempt, __u32 grant)
{
	const struct attempt_identity *identity = (const void *)attempt;
	struct rw_event_shares *shares;
	__u32 zero = 0, *share;
	__u64 hash;

	shares = bpf_map_lookup_elem(&event_shares, &zero);
	if (!shares)
		return false;
	share = &shares->ports[attempt->port & (RW_EVENT_SHARES - 1)];
	if (*share == grant) {
		hash = (identity->words[0] ^ identity->words[1]) * MIX_1;
		share = &shares->sources[hash >> 56 & (RW_EVENT_SHARES - 1)];
	}
	if (*share == grant)
		return false;
	*share = grant;
	return true;
}

/* Spend a credit, if the reader has granted one. What is first seen may have a share instead. */
static __always_inline struct rw_event_state *event_credit(__u32 type,
							   const struct rw_attempt *attempt)
{
	struct rw_event_state *state;
	__u32 zero = 0;
	__u64 *grant;

	grant = bpf_map_lookup_elem(&event_grants, &zero);
	state = bpf_map_lookup_elem(&event_state, &zero);
	if (!grant || !state)
		return NULL;
	if (state->emitted + state->lost < *grant)
		return state;
	if (*grant && type == RW_EVENT_SEEN && event_share(attempt, *grant))
		return state;
	state->suppressed++;
	return NULL;
}

/* Returns true if the event is on its way to the reader. */
static __always_inline bool event_emit(const struct place *place, __u32 type, __u32 generation,
				       const struct rw_attempt *attempt)
{
	struct rw_event_state *state = event_credit(type, attempt);
	struct rw_event event;
	long error;

	if (!state)
		return false;
	event.type = type;
	event.generation = generation;
	event.time = bpf_ktime_get_ns();
	event.attempt = *attempt;
	if (place->can & CAN_RINGBUF)
		error = bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	else
		error = bpf_perf_event_output(place->ctx, &events_perf, BPF_F_CURRENT_CPU, &event,
					      sizeof(event));
	if (error)
		state->lost++;
	else
		state->emitted++;
	return !error;
}

/* A record leaves the table: its packets go with an event, or their source is forgotten. */
static __always_inline void attempt_settle(const struct place *place, __u32 generation,
					   const struct rw_attempt *attempt)
{
	__u32 reason = attempt->reason;
	struct rw_settled *sum = bpf_map_lookup_elem(&settled, &reason);
	bool emitted = event_emit(place, RW_EVENT_SETTLED, generation, attempt);

	if (!sum)
		return;
	if (emitted)
		sum->events += attempt->packets;
	else
		sum->unattributed += attempt->packets;
}

static __always_inline void attempt_identify(struct attempt_identity *ret, __u32 ifindex,
					     const struct packet *packet,
					     const struct verdict *verdict)
{
	ret->words[0] = packet->source.halves[0];
	ret->words[1] = packet->source.halves[1];
	/* ifindex, port, l4, reason: as they lie in struct rw_attempt */
	ret->words[2] = ifindex | (__u64)packet->port << 32 | (__u64)packet->protocol << 48 |
			(__u64)verdict->reason << 56;
}

static __always_inline __u32 attempt_slot(const struct attempt_identity *identity)
{
	return (identity->words[0] * MIX_1 + identity->words[1] * MIX_2 +
		identity->words[2] * MIX_3) >>
	       (64 - RW_ATTEMPT_BITS);
}

static __always_inline bool is_same_attempt(const struct rw_attempt *attempt,
					    const struct attempt_identity *identity, __u8 observed)
{
	const struct attempt_identity *have = (const void *)attempt;

	return have->words[0] == identity->words[0] && have->words[1] == identity->words[1] &&
	       have->words[2] == identity->words[2] && attempt->observed == observed;
}

static __always_inline void count_attempt(const struct place *place, const struct packet *packet,
					  const struct verdict *verdict)
{
	__u64 tick = place->can & CAN_RINGBUF ? bpf_jiffies64() : 0;
	struct attempt_identity identity;
	struct rw_attempt *attempt;
	__u32 slot;

	attempt_identify(&identity, place->ifindex, packet, verdict);
	slot = attempt_slot(&identity);
	attempt = bpf_map_lookup_elem(&attempts, &slot);
	if (!attempt)
		return;
	if (!is_same_attempt(attempt, &identity, !verdict->enforce)) {
		if (attempt->packets)
			attempt_settle(place, verdict->generation, attempt);
		*(struct attempt_identity *)attempt = identity;
		attempt->observed = !verdict->enforce;
		attempt->packets = 0;
		attempt->bytes = 0;
		attempt->first = tick;
	}
	attempt->rule = verdict->rule;
	attempt->zone = verdict->zone & (RW_ZONE_ALL | RW_ZONE_MANAGEMENT);
	attempt->packets++;
	attempt->bytes += packet->bytes;
	attempt->last = tick;
	/* 1st, 2nd, 4th, 8th ... packet */
	if ((attempt->packets & (attempt->packets - 1)) == 0)
		event_emit(place, RW_EVENT_SEEN, verdict->generation, attempt);
}

/*
 * A bind happens in a process, which a packet may interrupt at any instruction: single-instruction
 * additions here, and no use of `attempts`, keep both sides exact.
 */
static __always_inline void count_bind(const struct rw_bind_event *bind, __u64 can)
{
	__u32 zero = 0, reason = RW_REASON_BIND_DENIED;
	struct rw_counter *counter = bpf_map_lookup_elem(&reason_counters, &reason);
	struct rw_settled *sum = bpf_map_lookup_elem(&settled, &reason);
	struct rw_event_state *state = bpf_map_lookup_elem(&event_state, &zero);
	__u64 *grant = bpf_map_lookup_elem(&event_grants, &zero);

	if (!counter || !sum || !state || !grant)
		return;
	__sync_fetch_and_add(&counter->packets, 1);
	if (!(can & CAN_RINGBUF) || state->emitted + state->lost >= *grant) {
		__sync_fetch_and_add(&state->suppressed, 1);
		__sync_fetch_and_add(&sum->unattributed, 1);
	} else if (bpf_ringbuf_output(&events, (void *)bind, sizeof(*bind), 0)) {
		__sync_fetch_and_add(&state->lost, 1);
		__sync_fetch_and_add(&sum->unattributed, 1);
	} else {
		__sync_fetch_and_add(&state->emitted, 1);
		__sync_fetch_and_add(&sum->events, 1);
	}
}

/* Everything that is written down about a packet. */
static __always_inline void account(const struct place *place, const struct packet *packet,
				    const struct verdict *verdict)
{
	count_verdict(packet, verdict);
	if (is_dropped(verdict))
		count_attempt(place, packet, verdict);
}

#endif

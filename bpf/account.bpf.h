/* SPDX-License-Identifier: GPL-2.0 */
/*
 * account.bpf.h - counters, attempts, events.
 *
 * Invariant, for every reason: drops = packets in `attempts` + evicted.events +
 * evicted.unattributed. Each dropped packet is added to exactly one record; a record that leaves
 * the table takes its packets to exactly one of the other two.
 *
 * XDP, tc and cgroup ingress all run with bottom halves off, so no two of them meet on one CPU, and
 * plain additions to per-CPU values are exact.
 */
#pragma once

#include "caller.bpf.h"

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
	void *piece;

	if (verdict->rule != RW_RULE_NONE) {
		index = verdict->rule / RW_RULE_PIECE;
		piece = bpf_map_lookup_elem(&rule_counters, &index);
		if (!piece)
			return;
		index = verdict->rule % RW_RULE_PIECE;
		rule = bpf_map_lookup_elem(piece, &index);
		if (!rule)
			return;
		if (!is_dropped(verdict))
			count(&rule->passed, packet);
		else
			count(verdict->enforce ? &rule->dropped : &rule->observed, packet);
		return;
	}
	index = verdict->reason;
	if (is_dropped(verdict) && !verdict->enforce)
		index += RW_OBSERVED;
	reason = bpf_map_lookup_elem(&reason_counters, &index);
	if (reason)
		count(reason, packet);
}

/* Credits are spent. Has a kind of destination port had an event since the last grant? */
static __always_inline bool port_share(struct rw_event_quotas *quotas, __u16 port, __u32 grant)
{
	__u32 *quota =
		&quotas->ports[(__u32)(port * (__u32)seeds[7]) >> 24 & (RW_EVENT_QUOTAS - 1)];

	if (*quota == grant)
		return false;
	*quota = grant;
	return true;
}

/* Has a level of returning sources had its events of this epoch? */
static __always_inline bool returning_share(struct rw_event_quotas *quotas,
					    const struct rw_event_clock *clock,
					    const struct rw_caller *caller)
{
	__u32 *used = &quotas->returning[caller_level(caller) & (RW_CALLER_LEVELS - 1)];

	if (*used >> 16 != (clock->epoch & 0xffff))
		*used = clock->epoch << 16;
	if ((*used & 0xffff) >= clock->returning)
		return false;
	*used += 1;
	return true;
}

/* The reader has granted more than what was spent. */
static __always_inline bool has_credit(const struct rw_event_state *state, __u64 grant)
{
	return state->emitted + state->lost < grant;
}

/* Of a place what it takes to send: a copy, which the compiler knows to stay as it is. */
struct teller {
	void *ctx;
	__u64 can;
	__u32 generation;
};

static __always_inline void event_fill(struct rw_event *ret, __u32 type, __u32 generation,
				       const struct rw_attempt *attempt)
{
	ret->type = type;
	ret->generation = generation;
	ret->time = bpf_ktime_get_ns();
	ret->attempt = *attempt;
}

/* Returns true if the event is on its way to the reader. */
static __always_inline bool event_send(const struct teller *teller, struct rw_event_state *state,
				       void *event, __u64 size)
{
	long error;

	if (teller->can & CAN_RINGBUF)
		error = bpf_ringbuf_output(&events, event, size, 0);
	else
		error = bpf_perf_event_output(teller->ctx, &events_perf, BPF_F_CURRENT_CPU, event,
					      size);
	if (error)
		state->lost++;
	else
		state->emitted++;
	return !error;
}

static __always_inline bool event_settled(const struct teller *teller,
					  const struct rw_attempt *attempt)
{
	struct rw_event_state *state;
	struct rw_event event;
	__u32 zero = 0;
	__u64 *grant;

	grant = bpf_map_lookup_elem(&event_credits, &zero);
	state = bpf_map_lookup_elem(&event_state, &zero);
	if (!grant || !state)
		return false;
	if (!has_credit(state, *grant)) {
		state->suppressed++;
		return false;
	}
	event_fill(&event, RW_EVENT_EVICTED, teller->generation, attempt);
	return event_send(teller, state, &event, sizeof(event));
}

/* What its source did before goes with the event, and is told then. */
static __always_inline void event_seen(const struct teller *teller,
				       const struct rw_attempt *attempt,
				       struct rw_event_state *state, struct rw_caller *caller)
{
	struct rw_seen_event event = {};

	event_fill(&event.event, RW_EVENT_SEEN, teller->generation, attempt);
	if (caller && caller->untold) {
		event.untold_count = caller->untold;
		__builtin_memcpy(event.untold, caller->attempts, sizeof(event.untold));
		caller->untold = 0;
	}
	event_send(teller, state, &event, sizeof(event));
}

/*
 * An attempt's 1st, 2nd, 4th ... packet is here. Who reads hears of it while there are credits;
 * then of what has a quota left. A source that comes again with something new has one beside the
 * flood, and brings along what was not told before.
 */
static __always_inline void attempt_tell(const struct teller *teller,
					 const struct rw_attempt *attempt)
{
	struct rw_event_quotas *quotas;
	struct rw_caller *caller = NULL;
	struct rw_event_state *state;
	struct rw_event_clock *clock;
	bool again = false;
	__u32 zero = 0;
	__u64 *grant;

	grant = bpf_map_lookup_elem(&event_credits, &zero);
	state = bpf_map_lookup_elem(&event_state, &zero);
	if (!grant || !state)
		return;
	if (!*grant) {
		state->suppressed++;
		return;
	}
	quotas = bpf_map_lookup_elem(&event_quotas, &zero);
	clock = bpf_map_lookup_elem(&event_clock, &zero);
	if (!quotas || !clock)
		return;
	if (attempt->packets == 1)
		caller = caller_visit(attempt, clock->epoch, state->suppressed, &again);
	if (has_credit(state, *grant) || port_share(quotas, attempt->port, *grant) ||
	    (caller && again && returning_share(quotas, clock, caller))) {
		event_seen(teller, attempt, state, caller);
		return;
	}
	state->suppressed++;
	if (caller)
		caller_note(caller, attempt, clock->epoch);
}

/* A record leaves the table: its packets go with an event, or their source is forgotten. */
static __always_inline void attempt_evict(const struct teller *teller,
					  const struct rw_attempt *attempt)
{
	__u32 reason = attempt->reason;
	struct rw_evicted *sum = bpf_map_lookup_elem(&evicted, &reason);
	bool emitted = event_settled(teller, attempt);

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

/*
 * Multilinear hashing: secret odd multipliers, and the top bits of the sum. Three products at once,
 * and no chain of them.
 */
static __always_inline __u32 attempt_slot(const struct attempt_identity *identity)
{
	return (identity->words[0] * seeds[0] + identity->words[1] * seeds[1] +
		identity->words[2] * seeds[2]) >>
	       (64 - RW_ATTEMPT_BITS);
}

static __always_inline bool is_same_attempt(const struct rw_attempt *attempt,
					    const struct attempt_identity *identity, __u8 observed)
{
	const struct attempt_identity *have = (const void *)attempt;

	return have->words[0] == identity->words[0] && have->words[1] == identity->words[1] &&
	       have->words[2] == identity->words[2] && attempt->observed == observed;
}

static __always_inline void count_attempt(const struct hook_context *hook,
					  const struct packet *packet,
					  const struct verdict *verdict)
{
	const struct teller teller = {hook->ctx, hook->can, verdict->generation};
	__u64 tick = teller.can & CAN_RINGBUF ? bpf_jiffies64() : 0;
	struct attempt_identity identity;
	struct rw_attempt *attempt;
	__u32 slot;

	attempt_identify(&identity, hook->ifindex, packet, verdict);
	slot = attempt_slot(&identity);
	attempt = bpf_map_lookup_elem(&attempts, &slot);
	if (!attempt)
		return;
	if (!is_same_attempt(attempt, &identity, !verdict->enforce)) {
		if (attempt->packets)
			attempt_evict(&teller, attempt);
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
		attempt_tell(&teller, attempt);
}

/*
 * A bind happens in a process, which a packet may interrupt at any instruction: single-instruction
 * additions here, and no use of `attempts`, keep both sides exact.
 */
static __always_inline void count_bind(const struct rw_bind_event *bind, __u64 can)
{
	__u32 zero = 0, reason = RW_REASON_BIND_DENIED;
	__u32 index = bind->event.attempt.observed ? reason + RW_OBSERVED : reason;
	struct rw_counter *counter = bpf_map_lookup_elem(&reason_counters, &index);
	struct rw_evicted *sum = bpf_map_lookup_elem(&evicted, &reason);
	struct rw_event_state *state = bpf_map_lookup_elem(&event_state, &zero);
	__u64 *grant = bpf_map_lookup_elem(&event_credits, &zero);

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

static __always_inline void count_refused(__u32 ifindex)
{
	__u32 index = ifindex & (RW_REFUSED - 1);
	__u64 *packets = bpf_map_lookup_elem(&refused, &index);

	if (packets)
		*packets += 1;
}

/* Everything that is written down about a packet. */
static __always_inline void account(const struct hook_context *hook, const struct packet *packet,
				    const struct verdict *verdict)
{
	count_verdict(packet, verdict);
	if (is_dropped(verdict))
		count_attempt(hook, packet, verdict);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* trial.c - run packets through both sides and compare every trace that they leave. */
#include "trial.h"

#include "memory.h"
#include "view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define PLACES (RW_ZONE_ALL | RW_ZONE_MANAGEMENT) /* what an attempt keeps of the zone */

/* --- running ---------------------------------------------------------------------------------- */

/*
 * The kernel takes no packet of many pages, and of those that are no XDP frames none shorter than its
 * Ethernet and IP headers.
 */
static bool is_unsendable(const struct trial *trial, int error)
{
	return (error == -EINVAL || error == -ENOMEM) &&
	       (trial->packet.length > 3000 || trial->packet.length < 14 + 40);
}

static int trial_run(const struct subject *subject, const struct model_policy *policy,
		     struct trial *trial)
{
	int error = subject_run(subject, trial->program, &trial->packet, &trial->pass);

	trial->sent = error == 0;
	if (error && !is_unsendable(trial, error)) {
		fprintf(stderr, "oracle: BPF_PROG_TEST_RUN (%s, %zu bytes): %s\n",
			subject_programs[trial->program].name, trial->packet.length,
			strerror(-error));
		return error;
	}
	/* The model remembers fragments: what was never sent it must not hear of. */
	if (trial->sent)
		model_verdict(policy, &trial->packet, &trial->expected);
	return 0;
}

static void counter_subtract(struct rw_counter *from, const struct rw_counter *counter)
{
	from->packets -= counter->packets;
	from->bytes -= counter->bytes;
}

static void tally_subtract(struct tally *from, const struct tally *before)
{
	for (size_t i = 0; i < RW_REASON_COUNT; i++) {
		counter_subtract(&from->reasons[i], &before->reasons[i]);
		from->evicted[i].events -= before->evicted[i].events;
		from->evicted[i].unattributed -= before->evicted[i].unattributed;
	}
	for (size_t i = 0; i < SUBJECT_RULES; i++) {
		counter_subtract(&from->rules[i].passed, &before->rules[i].passed);
		counter_subtract(&from->rules[i].dropped, &before->rules[i].dropped);
	}
}

int trials_run(const struct subject *subject, const struct model_policy *policy,
	       struct trial *trials, size_t count, struct outcome *ret)
{
	_free_ struct tally *before = malloc(sizeof(*before));
	static uint64_t secret;
	int error = before ? subject_tally(subject, before) : -ENOMEM;

	if (!error)
		error = subject_rooms(subject, policy->memory, ++secret);
	if (policy->memory)
		memory_begin(policy->memory);

	for (size_t i = 0; !error && i < count; i++)
		error = trial_run(subject, policy, &trials[i]);
	if (!error)
		error = subject_tally(subject, &ret->tally);
	if (!error)
		error = subject_attempts(subject, &ret->attempts);
	if (!error)
		tally_subtract(&ret->tally, before);
	return error;
}

/* --- comparing -------------------------------------------------------------------------------- */

static void tally_expect(struct tally *tally, const struct trial *trial)
{
	const struct model_verdict *verdict = &trial->expected;
	struct rw_counter *counter = &tally->reasons[verdict->reason];

	if (!trial->sent || !verdict->counted)
		return;
	if (verdict->reason == RW_REASON_OPEN)
		counter = &tally->rules[tally_rule(verdict->rule)].passed;
	else if (verdict->reason == RW_REASON_ZONE_DENIED)
		counter = &tally->rules[tally_rule(verdict->rule)].dropped;
	counter->packets++;
	counter->bytes += view_counted(&trial->packet);
}

static bool is_drop(const struct model_verdict *verdict)
{
	return verdict->counted && verdict->reason < RW_REASON_PASS_FIRST;
}

static bool is_key(const struct rw_attempt *record, const struct trial *trial)
{
	const struct model_verdict *verdict = &trial->expected;

	return trial->sent && is_drop(verdict) && record->reason == verdict->reason &&
	       record->port == verdict->port && record->l4 == verdict->l4 &&
	       record->ifindex == trial->packet.ifindex &&
	       memcmp(record->source, verdict->source, 16) == 0;
}

/* A record names packets that there were, no more of them, and says the right things of them. */
static bool record_agrees(const struct rw_attempt *record, bool observed,
			  const struct trial *trials, size_t count)
{
	uint64_t packets = 0, bytes = 0;
	bool right = false;

	for (size_t i = 0; i < count; i++) {
		if (!is_key(record, &trials[i]))
			continue;
		packets++;
		bytes += view_counted(&trials[i].packet);
		/* One key can stand for several VLANs, and so for several zones. */
		right |= record->zone == (trials[i].expected.zone & PLACES) &&
			 record->rule == trials[i].expected.rule;
	}
	return right && record->packets <= packets && record->bytes <= bytes &&
	       record->observed == observed;
}

/* Every drop is in the table or evicted, for every reason. */
static bool attempts_agree(const struct model_policy *policy, const struct trial *trials,
			   size_t count, const struct outcome *outcome)
{
	bool observed = policy->in_force && !(policy->flags & RW_POLICY_ENFORCE);
	uint64_t drops[RW_REASON_COUNT] = {0};

	for (size_t i = 0; i < count; i++)
		if (trials[i].sent && is_drop(&trials[i].expected))
			drops[trials[i].expected.reason]++;
	for (size_t i = 0; i < outcome->attempts.count; i++) {
		const struct rw_attempt *record = &outcome->attempts.list[i];

		if (!record_agrees(record, observed, trials, count))
			return false;
		drops[record->reason] -= record->packets;
	}
	for (size_t i = 0; i < RW_REASON_COUNT; i++)
		if (drops[i] !=
		    outcome->tally.evicted[i].events + outcome->tally.evicted[i].unattributed)
			return false;
	return true;
}

static bool counters_agree(const struct tally *a, const struct tally *b)
{
	return memcmp(a->reasons, b->reasons, sizeof(a->reasons)) == 0 &&
	       memcmp(a->rules, b->rules, sizeof(a->rules)) == 0;
}

bool trials_agree(const struct model_policy *policy, const struct trial *trials, size_t count,
		  const struct outcome *outcome)
{
	struct tally expected = {0};

	for (size_t i = 0; i < count; i++) {
		if (trials[i].sent && trials[i].pass != trials[i].expected.pass)
			return false;
		tally_expect(&expected, &trials[i]);
	}
	return counters_agree(&expected, &outcome->tally) &&
	       attempts_agree(policy, trials, count, outcome);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void side_print(const char *side, int pass, const char *what)
{
	fprintf(stderr, "  %-8s %s %s\n", side,
		pass == 1   ? "pass"
		: pass == 0 ? "drop"
			    : "neither",
		what);
}

static void attempt_print(const char *side, const struct rw_attempt *attempt)
{
	char source[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, attempt->source, source, sizeof(source));
	fprintf(stderr,
		"  %-8s attempt source %s port %u protocol %u reason %s rule %d zone %x observed %u"
		" ifindex %u packets %llu bytes %llu\n",
		side, source, attempt->port, attempt->l4, model_reason_name(attempt->reason),
		(int)attempt->rule, attempt->zone, attempt->observed, attempt->ifindex,
		(unsigned long long)attempt->packets, (unsigned long long)attempt->bytes);
}

static void model_print(const struct trial *trial)
{
	const struct model_verdict *verdict = &trial->expected;
	struct rw_attempt attempt = {
		.port = verdict->port,
		.l4 = verdict->l4,
		.reason = verdict->reason,
		.rule = verdict->rule,
		.zone = verdict->zone & PLACES,
		.observed = verdict->pass,
		.ifindex = trial->packet.ifindex,
		.packets = 1,
		.bytes = view_counted(&trial->packet),
	};
	char what[64];

	snprintf(what, sizeof(what), "%s rule %d",
		 verdict->counted ? model_reason_name(verdict->reason) : "uncounted",
		 (int)verdict->rule);
	side_print("model", verdict->pass, what);
	memcpy(attempt.source, verdict->source, 16);
	if (is_drop(verdict))
		attempt_print("model", &attempt);
}

static void counter_print(const char *name, const struct rw_counter *counter, int pass)
{
	char what[96];

	if (!counter->packets && !counter->bytes)
		return;
	snprintf(what, sizeof(what), "%s (%llu packets, %llu bytes)", name,
		 (unsigned long long)counter->packets, (unsigned long long)counter->bytes);
	side_print("kernel", pass, what);
}

void trial_print(const struct trial *trial, const struct outcome *outcome)
{
	char name[32];

	fprintf(stderr, "  %s, ifindex %u, %zu bytes: ", subject_programs[trial->program].name,
		trial->packet.ifindex, trial->packet.length);
	for (size_t i = 0; i < trial->packet.length && i < 256; i++)
		fprintf(stderr, "%02x", trial->packet.frame[i]);
	fprintf(stderr, "%s\n", trial->packet.length > 256 ? "..." : "");
	model_print(trial);
	side_print("kernel", trial->pass, "returned");
	for (unsigned int i = 0; i < RW_REASON_COUNT; i++)
		counter_print(model_reason_name(i), &outcome->tally.reasons[i], trial->pass);
	for (unsigned int i = 0; i < SUBJECT_RULES; i++) {
		snprintf(name, sizeof(name), "rule %u passed", i);
		counter_print(name, &outcome->tally.rules[i].passed, trial->pass);
		snprintf(name, sizeof(name), "rule %u dropped", i);
		counter_print(name, &outcome->tally.rules[i].dropped, trial->pass);
	}
	for (size_t i = 0; i < outcome->attempts.count; i++)
		attempt_print("kernel", &outcome->attempts.list[i]);
}

void trials_print(const struct trial *trials, size_t count, const struct outcome *outcome)
{
	struct tally expected = {0};

	for (size_t i = 0; i < count; i++) {
		if (trials[i].sent && trials[i].pass != trials[i].expected.pass)
			fprintf(stderr, "  packet %zu: model %s, kernel %s\n", i,
				model_reason_name(trials[i].expected.reason),
				trials[i].pass ? "pass" : "drop");
		tally_expect(&expected, &trials[i]);
	}
	for (unsigned int i = 0; i < RW_REASON_COUNT; i++)
		if (expected.reasons[i].packets != outcome->tally.reasons[i].packets)
			fprintf(stderr, "  %s: model %llu, kernel %llu\n", model_reason_name(i),
				(unsigned long long)expected.reasons[i].packets,
				(unsigned long long)outcome->tally.reasons[i].packets);
}

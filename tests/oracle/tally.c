/* SPDX-License-Identifier: GPL-2.0 */
/* tally.c - read what the programs have counted. */
#include "subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"

static void counter_add(struct rw_counter *sum, const struct rw_counter *counter)
{
	sum->packets += counter->packets;
	sum->bytes += counter->bytes;
}

size_t tally_rule(uint32_t rule)
{
	return rule < SUBJECT_RULES - 1 ? rule : SUBJECT_RULES - 1;
}

static int reasons_read(const struct subject *subject, struct tally *tally)
{
	_free_ struct rw_counter *counters = calloc(subject->cpus, sizeof(*counters));
	_free_ struct rw_counter *observed = calloc(subject->cpus, sizeof(*observed));
	_free_ struct rw_evicted *evicted = calloc(subject->cpus, sizeof(*evicted));
	int counters_fd = subject_map(subject, "reason_counters");
	int evicted_fd = subject_map(subject, "evicted");

	if (!counters || !observed || !evicted)
		return -ENOMEM;
	for (uint32_t reason = 0; reason < RW_REASON_COUNT; reason++) {
		uint32_t observed_index = reason + RW_OBSERVED;

		if (bpf_map_lookup_elem(counters_fd, &reason, counters) < 0 ||
		    bpf_map_lookup_elem(counters_fd, &observed_index, observed) < 0 ||
		    bpf_map_lookup_elem(evicted_fd, &reason, evicted) < 0)
			return -errno;
		for (int cpu = 0; cpu < subject->cpus; cpu++) {
			counter_add(&tally->reasons[reason], &counters[cpu]);
			counter_add(&tally->reasons[reason], &observed[cpu]);
			tally->evicted[reason].events += evicted[cpu].events;
			tally->evicted[reason].unattributed += evicted[cpu].unattributed;
		}
	}
	return 0;
}

static int rules_read(const struct subject *subject, struct tally *tally)
{
	_free_ struct rw_rule_counter *counters = calloc(subject->cpus, sizeof(*counters));

	if (!counters)
		return -ENOMEM;
	for (size_t i = 0; i < SUBJECT_RULES; i++) {
		bool last = i == SUBJECT_RULES - 1;
		uint32_t rule = last ? RW_RULE_PIECE - 1 : i;

		if (bpf_map_lookup_elem(subject->rules[last], &rule, counters) < 0)
			return -errno;
		for (int cpu = 0; cpu < subject->cpus; cpu++) {
			counter_add(&tally->rules[i].passed, &counters[cpu].passed);
			counter_add(&tally->rules[i].dropped, &counters[cpu].dropped);
			counter_add(&tally->rules[i].dropped, &counters[cpu].observed);
		}
	}
	return 0;
}

int subject_tally(const struct subject *subject, struct tally *ret)
{
	int error;

	memset(ret, 0, sizeof(*ret));
	error = reasons_read(subject, ret);
	if (!error)
		error = rules_read(subject, ret);
	if (error)
		fprintf(stderr, "oracle: reading the counters: %s\n", strerror(-error));
	return error;
}

/* Empty `slot` and keep what was in it. */
static int attempt_take(const struct subject *subject, int fd, uint32_t slot,
			struct tally_attempts *ret)
{
	struct rw_attempt records[SUBJECT_CPUS];
	bool used = false;

	if (bpf_map_lookup_elem(fd, &slot, records) < 0)
		return -errno;
	for (int cpu = 0; cpu < subject->cpus; cpu++) {
		if (!records[cpu].packets)
			continue;
		used = true;
		if (ret->count < RW_ATTEMPT_SLOTS)
			ret->list[ret->count++] = records[cpu];
	}
	if (!used)
		return 0;
	memset(records, 0, sizeof(records));
	return bpf_map_update_elem(fd, &slot, records, BPF_ANY) < 0 ? -errno : 0;
}

int subject_attempts(const struct subject *subject, struct tally_attempts *ret)
{
	int fd = subject_map(subject, "attempts"), error = 0;

	ret->count = 0;
	for (uint32_t slot = 0; !error && slot < RW_ATTEMPT_SLOTS; slot++)
		error = attempt_take(subject, fd, slot, ret);
	if (error)
		fprintf(stderr, "oracle: reading the attempts: %s\n", strerror(-error));
	return error;
}

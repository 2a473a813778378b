/* SPDX-License-Identifier: GPL-2.0 */
/* rule_counters.c - from a rule's counters into those of its reasons. */
#include "kernel/generation/rule_counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "util/cleanup.h"

/* Zeros, a value for each CPU. NULL: out of memory. */
static void *values_new(size_t size)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus < 0 ? NULL : calloc(cpus, size);
}

/* Into the counter of one CPU: only the sum of them is ever read. */
static int reason_add(const struct maps *maps, __u32 reason, const struct rw_counter *more)
{
	_free_ struct rw_counter *values = values_new(sizeof(*values));
	int fd = maps->fd[MAP_REASON_COUNTERS];

	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &reason, values))
		return -errno;
	values[0].packets += more->packets;
	values[0].bytes += more->bytes;
	return bpf_map_update_elem(fd, &reason, values, BPF_EXIST) ? -errno : 0;
}

static int zero(const struct maps *maps, uint32_t index)
{
	_free_ struct rw_rule_counter *zeros = values_new(sizeof(*zeros));
	int fd = maps->fd[MAP_RULE_COUNTERS];

	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(fd, &index, zeros, BPF_EXIST) ? -errno : 0;
}

static int settle(const struct maps *maps, uint32_t index, const struct rw_rule_counter *sum)
{
	int r;

	if (!(sum->passed.packets | sum->dropped.packets | sum->observed.packets))
		return 0;
	r = zero(maps, index);
	if (!r)
		r = reason_add(maps, RW_REASON_OPEN, &sum->passed);
	if (!r)
		r = reason_add(maps, RW_REASON_ZONE_DENIED, &sum->dropped);
	return r ? r : reason_add(maps, RW_REASON_ZONE_DENIED + RW_OBSERVED, &sum->observed);
}

int rule_counters_settle(const struct maps *maps, const bool *unused)
{
	_free_ struct rw_rule_counter *sums = NULL;
	size_t count = RW_RULES;
	int r;

	while (count && !unused[count - 1])
		count--;
	sums = calloc(count + 1, sizeof(*sums));
	if (!sums)
		return -ENOMEM;
	r = map_sum_all(maps->fd[MAP_RULE_COUNTERS], count, sizeof(*sums),
			(unsigned long long *)sums);
	for (size_t i = 0; !r && i < count; i++)
		if (unused[i])
			r = settle(maps, i, &sums[i]);
	return r;
}

static size_t rule_count(const struct generation *generation)
{
	return generation->about ? generation->about->rule_count : 0;
}

int rule_counters_retire(const struct maps *maps, const struct generation *current,
			 const struct generation *next)
{
	_free_ bool *unused = calloc(RW_RULES, sizeof(*unused));

	if (!unused)
		return -ENOMEM;
	for (size_t i = 0; i < rule_count(current); i++)
		unused[current->rules[i].index] = true;
	for (size_t i = 0; i < rule_count(next); i++)
		unused[next->rules[i].index] = false;
	return rule_counters_settle(maps, unused);
}

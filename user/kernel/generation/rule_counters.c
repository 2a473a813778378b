/* SPDX-License-Identifier: GPL-2.0 */
/* rule_counters.c - from a rule's counters into those of its reasons. */
#include "kernel/generation/rule_counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/object/pieces.h"
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
	uint32_t element = index % RW_RULE_PIECE;
	_close_ int fd = -1;
	int r = zeros ? 0 : -ENOMEM;

	if (!r)
		r = piece_open(maps->fd[MAP_RULE_COUNTERS], index / RW_RULE_PIECE, &fd);
	if (r)
		return r;
	return bpf_map_update_elem(fd, &element, zeros, BPF_EXIST) ? -errno : 0;
}

int rule_counters_make(const struct maps *maps, const bool *needed)
{
	uint32_t pieces[RW_RULE_PIECES] = {0};
	size_t count = 0;

	for (uint32_t i = 0; i < RW_RULES; i++)
		if (needed[i] && (!count || pieces[count - 1] != i / RW_RULE_PIECE))
			pieces[count++] = i / RW_RULE_PIECE;
	return pieces_make(maps->fd[MAP_RULE_COUNTERS], MAP_RULE_COUNTERS, pieces, count);
}

/* What is not there has counted nothing. */
static int piece_read(int outer, uint32_t piece, size_t count, struct rw_rule_counter *ret)
{
	_close_ int fd = -1;
	int r = piece_open(outer, piece, &fd);

	if (r)
		return r == -ENOENT ? 0 : r;
	return map_sum_all(fd, count, sizeof(*ret), (unsigned long long *)ret);
}

int rule_counters_read(int outer, size_t count, struct rw_rule_counter *ret)
{
	int r = 0;

	memset(ret, 0, count * sizeof(*ret));
	for (size_t from = 0; !r && from < count; from += RW_RULE_PIECE)
		r = piece_read(outer, from / RW_RULE_PIECE,
			       count - from < RW_RULE_PIECE ? count - from : RW_RULE_PIECE,
			       ret + from);
	return r;
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
	r = rule_counters_read(maps->fd[MAP_RULE_COUNTERS], count, sums);
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

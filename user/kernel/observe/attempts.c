/* SPDX-License-Identifier: GPL-2.0 */
/* attempts.c - read the table of every CPU and merge what belongs together. */
#include "kernel/observe/attempts.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/generation/assign.h"
#include "kernel/generation/zone.h"
#include "kernel/object/probe.h"
#include "kernel/observe/tick_clock.h"
#include "util/cleanup.h"

#define IDENTITY_SIZE offsetof(struct rw_attempt, rule)

static int compare_identity(const void *left, const void *right)
{
	const struct rw_attempt *a = left, *b = right;
	int order = memcmp(a, b, IDENTITY_SIZE);

	return order ? order : a->observed - b->observed;
}

static void merge_into(struct rw_attempt *sum, const struct rw_attempt *more)
{
	/* A policy may have moved the source meanwhile: the newest packet says where it is. */
	if (more->last >= sum->last) {
		sum->rule = more->rule;
		sum->zone = more->zone;
		sum->last = more->last;
	}
	if (more->first && (!sum->first || more->first < sum->first))
		sum->first = more->first;
	sum->packets += more->packets;
	sum->bytes += more->bytes;
}

/* Sort by identity, fold neighbours. Returns how many are left. */
static size_t merge(struct rw_attempt *list, size_t count)
{
	size_t i, kept = 0;

	qsort(list, count, sizeof(*list), compare_identity);
	for (i = 0; i < count; i++) {
		if (kept && compare_identity(&list[kept - 1], &list[i]) == 0)
			merge_into(&list[kept - 1], &list[i]);
		else
			list[kept++] = list[i];
	}
	return kept;
}

/* Slot by slot where the kernel has no batches for this kind of map (before 5.13). */
static int read_slots(int fd, size_t cpus, struct rw_attempt *list)
{
	__u32 keys[RW_ATTEMPT_SLOTS], slot, count = RW_ATTEMPT_SLOTS, cursor;

	if (!probe_is_off("batch") &&
	    (bpf_map_lookup_batch(fd, NULL, &cursor, keys, list, &count, NULL) == 0 ||
	     errno == ENOENT) &&
	    count == RW_ATTEMPT_SLOTS)
		return 0;
	for (slot = 0; slot < RW_ATTEMPT_SLOTS; slot++)
		if (bpf_map_lookup_elem(fd, &slot, list + slot * cpus))
			return -errno;
	return 0;
}

int attempts_read_records(const struct maps *maps, struct rw_attempt **ret, size_t *ret_count)
{
	int cpus = libbpf_num_possible_cpus();
	_free_ struct rw_attempt *list = NULL;
	size_t i, count = 0;
	int r;

	if (cpus < 0)
		return cpus;
	list = calloc((size_t)cpus * RW_ATTEMPT_SLOTS, sizeof(*list));
	if (!list)
		return -ENOMEM;
	r = read_slots(maps->fd[MAP_ATTEMPTS], cpus, list);
	if (r)
		return r;
	for (i = 0; i < (size_t)cpus * RW_ATTEMPT_SLOTS; i++)
		if (list[i].packets)
			list[count++] = list[i];
	*ret_count = merge(list, count);
	*ret = TAKE_PTR(list);
	return 0;
}

void attempt_place(const struct maps *maps, const struct generation *generation,
		   struct attempt *attempt)
{
	bool has_sets = generation->about && generation->about->sets[0][0];
	uint64_t bits;

	if (attempt->zone && !has_sets)
		return;
	bits = zone_find(maps, generation, attempt->record.ifindex, attempt->record.source);
	if (!attempt->zone)
		attempt->zone = bits & RW_ZONE_ALL;
	if (has_sets)
		about_sets_names(generation->about, bits, attempt->sets, sizeof(attempt->sets));
}

static void attempt_describe(const struct maps *maps, const struct generation *generation,
			     const struct tick_clock *clock, struct attempt *attempt)
{
	const struct rw_attempt *record = &attempt->record;

	attempt->first_ns = tick_to_wall(clock, record->first);
	attempt->last_ns = tick_to_wall(clock, record->last);
	if (!if_indextoname(record->ifindex, attempt->interface))
		snprintf(attempt->interface, sizeof(attempt->interface), "if%u", record->ifindex);
	attempt->zone = record->zone & RW_ZONE_ALL;
	attempt_place(maps, generation, attempt);
}

static int compare_newest(const void *left, const void *right)
{
	const struct attempt *a = left, *b = right;

	if (a->last_ns != b->last_ns)
		return a->last_ns < b->last_ns ? 1 : -1;
	if (a->record.packets != b->record.packets)
		return a->record.packets < b->record.packets ? 1 : -1;
	return compare_identity(&a->record, &b->record);
}

void attempts_sort(struct attempts *attempts)
{
	if (attempts->count)
		qsort(attempts->list, attempts->count, sizeof(*attempts->list), compare_newest);
}

static int describe_all(const struct maps *maps, const struct generation *generation,
			const struct rw_attempt *records, size_t count, struct attempts *ret)
{
	struct tick_clock clock;
	size_t i;

	ret->list = calloc(count + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	tick_clock_read(&clock);
	for (i = 0; i < count; i++) {
		ret->list[i].record = records[i];
		attempt_describe(maps, generation, &clock, &ret->list[i]);
	}
	ret->count = count;
	attempts_sort(ret);
	return 0;
}

int attempts_read(const struct instance *instance, struct attempts *ret, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	_free_ struct rw_attempt *records = NULL;
	_maps_ struct maps maps = MAPS_NONE;
	size_t count = 0;
	int r;

	r = maps_open(instance, &maps, ret_error);
	if (!r)
		r = generation_current(instance, &maps, &generation, ret_error);
	if (r)
		return r;
	r = attempts_read_records(&maps, &records, &count);
	if (!r)
		r = describe_all(&maps, &generation, records, count, ret);
	return r ? error_set(ret_error, -r, "cannot read the attempts: %s", strerror(-r)) : 0;
}

void attempts_free(struct attempts *attempts)
{
	free(attempts->list);
	*attempts = (struct attempts){0};
}

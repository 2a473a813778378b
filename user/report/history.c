/* SPDX-License-Identifier: GPL-2.0 */
/* history.c - a hash of attempts, threaded by the time of their last change. */
#include "report/history.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS	      256 /* by the low bits of the port, as struct rw_event_shares */
#define IDENTITY_SIZE offsetof(struct rw_attempt, rule)

/* Multipliers of splitmix64, as in bpf/account.bpf.h. */
#define MIX_1 0xbf58476d1ce4e5b9ULL
#define MIX_2 0x94d049bb133111ebULL

LIST_HEAD(bucket_list, history_entry);
TAILQ_HEAD(entry_list, history_entry);

struct group {
	struct entry_list list;
	size_t count;
};

struct history {
	struct history_entry *entries; /* pages that are never used cost nothing */
	struct bucket_list *buckets;
	size_t bucket_mask;
	size_t capacity;
	size_t used; /* of `entries`; grows to `capacity` and stays there */
	struct entry_list order;
	struct group groups[GROUPS];
	uint64_t version;
	uint64_t scan;
	uint64_t forgotten;
};

struct history *history_new(size_t capacity)
{
	struct history *history = calloc(1, sizeof(*history));
	size_t buckets = 1;

	if (!history)
		return NULL;
	while (buckets < capacity)
		buckets *= 2;
	history->capacity = capacity;
	history->bucket_mask = buckets - 1;
	history->entries = calloc(capacity, sizeof(*history->entries));
	history->buckets = calloc(buckets, sizeof(*history->buckets));
	TAILQ_INIT(&history->order);
	for (size_t i = 0; i < GROUPS; i++)
		TAILQ_INIT(&history->groups[i].list);
	if (!history->entries || !history->buckets) {
		history_free(history);
		return NULL;
	}
	return history;
}

void history_free(struct history *history)
{
	if (!history)
		return;
	free(history->entries);
	free(history->buckets);
	free(history);
}

static struct bucket_list *bucket_of(struct history *history, const struct rw_attempt *record)
{
	uint64_t words[IDENTITY_SIZE / sizeof(uint64_t)], hash;

	memcpy(words, record, sizeof(words));
	hash = (words[0] * MIX_1 + words[1]) * MIX_2;
	hash = (hash ^ hash >> 31 ^ words[2]) * MIX_1;
	return &history->buckets[hash >> 32 & history->bucket_mask];
}

static struct group *group_of(struct history *history, const struct history_entry *entry)
{
	return &history->groups[entry->record.port % GROUPS];
}

static bool is_same(const struct rw_attempt *a, const struct rw_attempt *b)
{
	return a->observed == b->observed && !memcmp(a, b, IDENTITY_SIZE);
}

static struct history_entry *find(struct history *history, const struct rw_attempt *record)
{
	struct history_entry *entry;

	LIST_FOREACH (entry, bucket_of(history, record), bucket)
		if (is_same(&entry->record, record))
			return entry;
	return NULL;
}

static void unthread(struct history *history, struct history_entry *entry)
{
	struct group *group = group_of(history, entry);

	TAILQ_REMOVE(&history->order, entry, order);
	TAILQ_REMOVE(&group->list, entry, group);
	group->count--;
}

static void thread(struct history *history, struct history_entry *entry)
{
	struct group *group = group_of(history, entry);

	entry->version = ++history->version;
	TAILQ_INSERT_TAIL(&history->order, entry, order);
	TAILQ_INSERT_TAIL(&group->list, entry, group);
	group->count++;
}

static struct history_entry *forget_one(struct history *history)
{
	struct group *fullest = &history->groups[0];
	struct history_entry *entry;

	for (size_t i = 1; i < GROUPS; i++)
		if (history->groups[i].count > fullest->count)
			fullest = &history->groups[i];
	entry = TAILQ_FIRST(&fullest->list);
	unthread(history, entry);
	LIST_REMOVE(entry, bucket);
	history->forgotten += entry->settled.packets;
	return entry;
}

static struct history_entry *add(struct history *history, const struct rw_attempt *record)
{
	struct history_entry *entry = history->used < history->capacity
					      ? &history->entries[history->used++]
					      : forget_one(history);

	*entry = (struct history_entry){.record = *record};
	LIST_INSERT_HEAD(bucket_of(history, record), entry, bucket);
	thread(history, entry);
	return entry;
}

static struct history_entry *find_or_add(struct history *history, const struct rw_attempt *record,
					 bool *ret_new)
{
	struct history_entry *entry = find(history, record);

	*ret_new = !entry;
	return entry ? entry : add(history, record);
}

/* The entry has changed: it is the newest now. */
static void touch(struct history *history, struct history_entry *entry,
		  const struct rw_attempt *record, const struct history_times *times)
{
	entry->record.rule = record->rule;
	entry->record.zone = record->zone;
	if (times->first_ns && (!entry->first_ns || times->first_ns < entry->first_ns))
		entry->first_ns = times->first_ns;
	if (times->last_ns > entry->last_ns)
		entry->last_ns = times->last_ns;
	unthread(history, entry);
	thread(history, entry);
}

struct history_count history_entry_sum(const struct history_entry *entry)
{
	return (struct history_count){
		.packets = entry->settled.packets + entry->live.packets + entry->lost.packets,
		.bytes = entry->settled.bytes + entry->live.bytes + entry->lost.bytes,
	};
}

/* A power of two lies between: the packets at which events are made, too. */
static void note_doubling(struct history_entry *entry, uint64_t before)
{
	if ((history_entry_sum(entry).packets ^ before) > before)
		entry->doubled = entry->version;
}

static void count_add(struct history_count *sum, const struct rw_attempt *record)
{
	sum->packets += record->packets;
	sum->bytes += record->bytes;
}

static void count_subtract(struct history_count *sum, const struct rw_attempt *record)
{
	sum->packets -= record->packets < sum->packets ? record->packets : sum->packets;
	sum->bytes -= record->bytes < sum->bytes ? record->bytes : sum->bytes;
}

struct history_entry *history_event(struct history *history, const struct rw_event *event,
				    const struct history_times *times, bool *ret_new)
{
	const struct rw_attempt *record = &event->attempt;
	struct history_entry *entry = find_or_add(history, record, ret_new);
	uint64_t before = history_entry_sum(entry).packets;

	/* One CPU's record: the next scan knows the sum. */
	if (event->type == RW_EVENT_SEEN && record->packets > entry->live.packets) {
		entry->live.packets = record->packets;
		entry->live.bytes = record->bytes;
	}
	if (event->type != RW_EVENT_SEEN) {
		count_add(&entry->settled, record);
		count_subtract(&entry->live, record);
	}
	entry->told = history->scan;
	/* What only moves from one place to another is no change. */
	if (history_entry_sum(entry).packets != before) {
		touch(history, entry, record, times);
		note_doubling(entry, before);
	}
	return entry;
}

struct history_entry *history_tell(struct history *history, const struct rw_attempt *record,
				   const struct history_times *times, bool *ret_new)
{
	struct history_entry *entry = find_or_add(history, record, ret_new);

	entry->live = (struct history_count){record->packets, record->bytes};
	touch(history, entry, record, times);
	return entry;
}

void history_scan_begin(struct history *history)
{
	history->scan++;
}

/* The table has less of it than it had: it went without an event. */
static void lose(struct history_entry *entry, const struct history_count *now)
{
	if (entry->live.packets > now->packets)
		entry->lost.packets += entry->live.packets - now->packets;
	if (entry->live.bytes > now->bytes)
		entry->lost.bytes += entry->live.bytes - now->bytes;
	entry->live = *now;
}

struct history_entry *history_scan_record(struct history *history, const struct rw_attempt *record,
					  const struct history_times *times, bool *ret_new)
{
	const struct history_count now = {record->packets, record->bytes};
	struct history_entry *entry = find_or_add(history, record, ret_new);
	uint64_t before = history_entry_sum(entry).packets;

	entry->scan = history->scan;
	if (entry->told == history->scan || entry->live.packets == now.packets)
		return entry;
	lose(entry, &now);
	if (history_entry_sum(entry).packets != before) {
		touch(history, entry, record, times);
		note_doubling(entry, before);
	}
	return entry;
}

void history_scan_end(struct history *history)
{
	const struct history_count nothing = {0};

	for (size_t i = 0; i < history->used; i++) {
		struct history_entry *entry = &history->entries[i];

		if (entry->live.packets && entry->scan != history->scan &&
		    entry->told != history->scan)
			lose(entry, &nothing);
	}
}

void history_entry_attempt(const struct history_entry *entry, struct attempt *ret)
{
	struct history_count sum = history_entry_sum(entry);

	*ret = (struct attempt){
		.record = entry->record,
		.first_ns = entry->first_ns,
		/* The kernel's ticks are coarser than the time of an event. */
		.last_ns = entry->last_ns < entry->first_ns ? entry->first_ns : entry->last_ns,
		.zone = entry->record.zone & RW_ZONE_ALL,
	};
	ret->record.packets = sum.packets;
	ret->record.bytes = sum.bytes;
	memcpy(ret->interface, entry->interface, sizeof(ret->interface));
}

size_t history_slot(const struct history *history, const struct history_entry *entry)
{
	return (size_t)(entry - history->entries);
}

const struct history_entry *history_after(const struct history *history, uint64_t version)
{
	const struct history_entry *found = NULL;
	const struct history_entry *entry = TAILQ_LAST(&history->order, entry_list);

	while (entry && entry->version > version) {
		found = entry;
		entry = TAILQ_PREV(entry, entry_list, order);
	}
	return found;
}

const struct history_entry *history_next(const struct history_entry *entry)
{
	return TAILQ_NEXT(entry, order);
}

uint64_t history_version(const struct history *history)
{
	return history->version;
}

size_t history_size(const struct history *history)
{
	return history->used;
}

uint64_t history_forgotten(const struct history *history)
{
	return history->forgotten;
}

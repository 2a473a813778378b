/* SPDX-License-Identifier: GPL-2.0 */
/* history.c - a hash of attempts, threaded by the time of their last change, and a hash of their
 * sources. */
#include "report/history.h"

#include <stdlib.h>
#include <string.h>

#include "util/secret.h"

#define GROUPS	      256 /* by the low bits of the port */
#define LEVELS	      18  /* by how many attempts a source has: 1, 2, 4 ... */
#define IDENTITY_SIZE offsetof(struct rw_attempt, rule)

LIST_HEAD(bucket_list, history_entry);
TAILQ_HEAD(entry_list, history_entry);

/* Who has attempts here. */
struct history_source {
	LIST_ENTRY(history_source) bucket; /* the same hash; or of the free ones */
	uint8_t address[16];
	struct bucket_list entries; /* the newest first */
	size_t count;		    /* of them */
	unsigned int level;
};

LIST_HEAD(source_list, history_source);

struct group {
	struct entry_list list;
	size_t count;
};

/* The attempts of sources that have about as many. */
struct level {
	struct group groups[GROUPS];
	size_t count;
};

struct history {
	struct history_entry *entries; /* pages that are never used cost nothing */
	struct bucket_list *buckets;
	struct history_source *sources; /* likewise */
	struct source_list *source_buckets;
	struct source_list free_sources;
	size_t sources_used; /* of `sources` */
	size_t bucket_mask;  /* of both */
	size_t capacity;
	size_t used; /* of `entries`; grows to `capacity` and stays there */
	struct secret secret;
	struct entry_list order;
	struct level levels[LEVELS];
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
	history->sources = calloc(capacity, sizeof(*history->sources));
	history->source_buckets = calloc(buckets, sizeof(*history->source_buckets));
	TAILQ_INIT(&history->order);
	for (size_t i = 0; i < LEVELS * GROUPS; i++)
		TAILQ_INIT(&history->levels[i / GROUPS].groups[i % GROUPS].list);
	if (!history->entries || !history->buckets || !history->sources ||
	    !history->source_buckets || secret_fill(&history->secret, sizeof(history->secret))) {
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
	free(history->sources);
	free(history->source_buckets);
	free(history);
}

static struct bucket_list *bucket_of(struct history *history, const struct rw_attempt *record)
{
	uint64_t words[IDENTITY_SIZE / sizeof(uint64_t)];

	memcpy(words, record, sizeof(words));
	return &history->buckets[secret_hash(&history->secret, words) >> 32 & history->bucket_mask];
}

static struct group *group_of(struct history *history, const struct history_entry *entry)
{
	struct level *level = &history->levels[entry->source->level];

	return &level->groups[entry->record.port % GROUPS];
}

static bool attempt_is_same(const struct rw_attempt *a, const struct rw_attempt *b)
{
	return a->observed == b->observed && !memcmp(a, b, IDENTITY_SIZE);
}

static struct history_entry *find(struct history *history, const struct rw_attempt *record)
{
	struct history_entry *entry;

	LIST_FOREACH (entry, bucket_of(history, record), bucket)
		if (attempt_is_same(&entry->record, record))
			return entry;
	return NULL;
}

/* --- sources and their levels ----------------------------------------------------------------- */

static void group_leave(struct history *history, struct history_entry *entry)
{
	struct group *group = group_of(history, entry);

	TAILQ_REMOVE(&group->list, entry, group);
	group->count--;
	history->levels[entry->source->level].count--;
}

static void group_join(struct history *history, struct history_entry *entry)
{
	struct group *group = group_of(history, entry);

	TAILQ_INSERT_TAIL(&group->list, entry, group);
	group->count++;
	history->levels[entry->source->level].count++;
}

/*
 * A level has sources of 2^level attempts and more. One goes back only when it has half as many:
 * who comes and goes at the border does not make all of his attempts move each time.
 */
static unsigned int level_due(const struct history_source *source)
{
	if (source->count >> (source->level + 1))
		return source->level + 1;
	if (source->level && source->count <= (size_t)1 << source->level >> 1)
		return source->level - 1;
	return source->level;
}

static void source_settle(struct history *history, struct history_source *source)
{
	unsigned int level = level_due(source);
	struct history_entry *entry;

	if (level == source->level)
		return;
	LIST_FOREACH (entry, &source->entries, sibling)
		group_leave(history, entry);
	source->level = level;
	LIST_FOREACH (entry, &source->entries, sibling)
		group_join(history, entry);
}

static struct source_list *source_bucket(struct history *history, const uint8_t address[16])
{
	uint64_t words[3] = {0};

	memcpy(words, address, 16);
	return &history->source_buckets[secret_hash(&history->secret, words) >> 32 &
					history->bucket_mask];
}

/* There are never more sources than attempts. */
static struct history_source *source_take(struct history *history)
{
	struct history_source *source = LIST_FIRST(&history->free_sources);

	if (!source)
		return &history->sources[history->sources_used++];
	LIST_REMOVE(source, bucket);
	return source;
}

static struct history_source *source_find(struct history *history, const uint8_t address[16])
{
	struct source_list *bucket = source_bucket(history, address);
	struct history_source *source;

	LIST_FOREACH (source, bucket, bucket)
		if (!memcmp(source->address, address, 16))
			return source;
	source = source_take(history);
	*source = (struct history_source){.level = 0};
	memcpy(source->address, address, 16);
	LIST_INSERT_HEAD(bucket, source, bucket);
	return source;
}

static void source_join(struct history *history, struct history_entry *entry)
{
	struct history_source *source = source_find(history, entry->record.source);

	entry->source = source;
	LIST_INSERT_HEAD(&source->entries, entry, sibling);
	source->count++;
	group_join(history, entry);
	source_settle(history, source);
}

static void source_leave(struct history *history, struct history_entry *entry)
{
	struct history_source *source = entry->source;

	group_leave(history, entry);
	LIST_REMOVE(entry, sibling);
	source->count--;
	if (source->count) {
		source_settle(history, source);
		return;
	}
	LIST_REMOVE(source, bucket);
	LIST_INSERT_HEAD(&history->free_sources, source, bucket);
}

unsigned int history_entry_level(const struct history_entry *entry)
{
	return entry->source->level;
}

struct history_entry *history_entry_before(const struct history_entry *entry)
{
	return LIST_NEXT(entry, sibling);
}

/* --- entries ---------------------------------------------------------------------------------- */

/* The oldest of the fullest group of the fullest level. */
static struct history_entry *oldest_of_most(struct history *history)
{
	struct level *level = &history->levels[0];
	struct group *group;

	for (size_t i = 1; i < LEVELS; i++)
		if (history->levels[i].count > level->count)
			level = &history->levels[i];
	group = &level->groups[0];
	for (size_t i = 1; i < GROUPS; i++)
		if (level->groups[i].count > group->count)
			group = &level->groups[i];
	return TAILQ_FIRST(&group->list);
}

static struct history_entry *forget_one(struct history *history)
{
	struct history_entry *entry = oldest_of_most(history);

	TAILQ_REMOVE(&history->order, entry, order);
	source_leave(history, entry);
	LIST_REMOVE(entry, bucket);
	history->forgotten += entry->evicted.packets;
	return entry;
}

static struct history_entry *entry_add(struct history *history, const struct rw_attempt *record)
{
	struct history_entry *entry = history->used < history->capacity
					      ? &history->entries[history->used++]
					      : forget_one(history);

	*entry = (struct history_entry){.record = *record, .version = ++history->version};
	LIST_INSERT_HEAD(bucket_of(history, record), entry, bucket);
	TAILQ_INSERT_TAIL(&history->order, entry, order);
	source_join(history, entry);
	return entry;
}

static struct history_entry *find_or_add(struct history *history, const struct rw_attempt *record,
					 bool *ret_new)
{
	struct history_entry *entry = find(history, record);

	*ret_new = !entry;
	return entry ? entry : entry_add(history, record);
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
	entry->version = ++history->version;
	TAILQ_REMOVE(&history->order, entry, order);
	TAILQ_INSERT_TAIL(&history->order, entry, order);
	group_leave(history, entry);
	group_join(history, entry);
}

struct history_count history_entry_sum(const struct history_entry *entry)
{
	return (struct history_count){
		.packets = entry->evicted.packets + entry->live.packets + entry->lost.packets,
		.bytes = entry->evicted.bytes + entry->live.bytes + entry->lost.bytes,
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
		count_add(&entry->evicted, record);
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

const struct history_entry *history_at(const struct history *history, size_t slot)
{
	return &history->entries[slot];
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

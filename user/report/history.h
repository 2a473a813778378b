/* SPDX-License-Identifier: GPL-2.0 */
/*
 * history.h - the store of attempts: the daemon's, of what the events tell and what the kernel's
 * table holds; that of the terminal view, and that of the live page. No system calls, but for the
 * secret of its hashes.
 *
 * Memory is bounded. A flood pushes out itself, and not who comes slowly: the level of a source
 * says how many attempts it has here (1, 2, 4, ...). When there is no room, an entry goes of the
 * level that has the most entries, among those the one whose port shares its low bits with the
 * most, and of these the one that was hit longest ago. A flood from everywhere is of level 0, one
 * source that tries every port of the highest; to push out a source of n attempts takes as many
 * entries as there are of sources that have about n. What goes is counted.
 *
 * Invariant: packets in the SETTLED and BIND events that were taken in = `evicted`
 * of all entries + `forgotten`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <rolewall/abi.h>

#include "kernel/observe/attempts.h"

#define HISTORY_ENTRIES 65536

struct history_source; /* opaque */

struct history_count {
	uint64_t packets;
	uint64_t bytes;
};

struct history_entry {
	struct rw_attempt record; /* who, where, why; its packets, bytes and times are not used */
	struct history_count evicted; /* left the kernel's table with an event */
	struct history_count live;    /* in the table, when last looked at or told */
	struct history_count lost;    /* left it without an event: the kernel has forgotten whose */
	int64_t first_ns;	      /* ns since the epoch; 0 = not known */
	int64_t last_ns;
	char interface[16]; /* its name when the attempt was first heard of; the owner's to fill in
			     */
	uint64_t reported;  /* packets when it was last written elsewhere; the owner's */
	uint32_t pid;	    /* of the process that bound the port, for BIND */
	char process[RW_PROCESS_NAME];
	uint64_t doubled; /* version at which its packets last doubled, or it was new */
	uint64_t version; /* of history->version when it changed last */
	uint64_t scan;	  /* last scan that found it in the table */
	uint64_t told;	  /* last scan after whose begin an event told of it */
	struct history_source *source;
	LIST_ENTRY(history_entry) bucket;  /* the same hash */
	LIST_ENTRY(history_entry) sibling; /* the same source */
	TAILQ_ENTRY(history_entry) order;  /* by version */
	TAILQ_ENTRY(history_entry)
	group; /* hit longest ago first, among those of one level and
		  similar ports */
};

struct history; /* opaque */

/* NULL without memory. */
struct history *history_new(size_t capacity);
void history_free(struct history *history);

/* When what an event or a record tells of was seen first and last; ns since the epoch. */
struct history_times {
	int64_t first_ns;
	int64_t last_ns;
};

/*
 * Take in an event of any type. Returns its entry, which may move away or be forgotten with the
 * next call; `ret_new` says whether the attempt was not known.
 */
struct history_entry *history_event(struct history *history, const struct rw_event *event,
				    const struct history_times *times, bool *ret_new);

/*
 * Compare with the kernel's table: take in what events there are, begin, read the table, take in
 * the events that came meanwhile, then each record once, end. Where an event came meanwhile, it is
 * unknown which was first: that entry waits for the next scan. `ret_new` as above.
 */
void history_scan_begin(struct history *history);
struct history_entry *history_scan_record(struct history *history, const struct rw_attempt *record,
					  const struct history_times *times, bool *ret_new);
void history_scan_end(struct history *history);

/*
 * Another process counts: take its numbers, and make the entry the newest.
 */
struct history_entry *history_tell(struct history *history, const struct rw_attempt *record,
				   const struct history_times *times, bool *ret_new);

/* 0: its source has no other attempt here; n: 2^n of them, or more. */
unsigned int history_entry_level(const struct history_entry *entry);

/* The attempt of the same source that was new before this one, or NULL. */
struct history_entry *history_entry_before(const struct history_entry *entry);

/* Everything that is known to have come from there. */
struct history_count history_entry_sum(const struct history_entry *entry);

/* The same, and all else that is known of it. */
void history_entry_attempt(const struct history_entry *entry, struct attempt *ret);

/* Its place below the capacity; when it is forgotten, the place is a new one's. */
size_t history_slot(const struct history *history, const struct history_entry *entry);

/* The entry in that place, below history_size(): none stays empty. */
const struct history_entry *history_at(const struct history *history, size_t slot);

/* The entry that changed next after `version` (0: the first of all), or NULL. */
const struct history_entry *history_after(const struct history *history, uint64_t version);

/* The next one in the order of change, or NULL. */
const struct history_entry *history_next(const struct history_entry *entry);

uint64_t history_version(const struct history *history);
size_t history_size(const struct history *history);

/* Settled packets of entries that are not remembered any more. */
uint64_t history_forgotten(const struct history *history);

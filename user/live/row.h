/* SPDX-License-Identifier: GPL-2.0 */
/*
 * row.h - one line of a table of attempts: an attempt, the sum of those of a source or of a port, or
 * a fold of many that are each next to nothing (fold.h). Pure.
 */
#pragma once

#include "kernel/observe/attempts.h"
#include "policy/tables.h"

enum group { GROUP_NONE, GROUP_SOURCE, GROUP_PORT };

enum fold_kind {
	FOLD_NONE,
	FOLD_SOURCE, /* one source, many ports */
	FOLD_PORT,   /* many sources, one port */
	FOLD_REASON, /* many sources, many ports */
};

/* What the rows of a fold have in common; what they have not is 0. No padding. */
struct fold_key {
	uint8_t kind;
	uint8_t reason;
	uint8_t observed;
	uint8_t l4;
	uint16_t port; /* host order */
	uint8_t source[16];
};
_Static_assert(sizeof(struct fold_key) == 22, "keys are compared as bytes");

struct row {
	const struct attempt *attempt; /* borrowed from the book: the newest of the row */
	const struct rule *rule;       /* that covers its port, or NULL */
	uint64_t packets;
	uint64_t bytes;
	double rate;
	int64_t first_ns; /* 0 = not known */
	int64_t last_ns;
	uint32_t reasons;    /* a bit each */
	size_t attempts;     /* that were summed up */
	size_t others;	     /* by source, FOLD_SOURCE: its ports; else: its sources */
	size_t ports;	     /* FOLD_REASON: so many ports; else 0 */
	size_t dropped;	     /* attempts that were not merely observed */
	size_t siblings;     /* rows of the same source there are; only while they are folded */
	size_t folded;	     /* rows in this one, or 0 */
	bool open;	     /* they follow it: */
	bool child;	     /* in the fold of its key */
	struct fold_key key; /* of a fold and its children; zeros: neither */
};

/* Add `row` to a sum. The newest of them speaks for it. */
void row_join(struct row *sum, const struct row *row);

/* As memcmp(). A fold without the one in common comes before all others. */
int row_compare_source(const struct row *a, const struct row *b);
int row_compare_port(const struct row *a, const struct row *b);

/* By what the group sums up; not for GROUP_NONE. */
int row_compare_group(const struct row *a, const struct row *b, enum group group);

/* The two rows tell of the same, at different times. */
bool row_is_same(const struct row *a, const struct row *b, enum group group);

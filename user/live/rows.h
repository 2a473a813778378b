/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rows.h - what a table of attempts shows: those the filter lets through, one by one or summed up
 * by source or by port, in the order asked for. Pure.
 */
#pragma once

#include "kernel/observe/port_names.h"
#include "live/book.h"
#include "live/filter.h"

enum group { GROUP_NONE, GROUP_SOURCE, GROUP_PORT };

/* Columns; SORT_RULE comes last. Which of them a grouped table shows is layout.c's. */
enum sort {
	SORT_LAST,
	SORT_HITS,
	SORT_RATE,
	SORT_SOURCE,
	SORT_PORT,
	SORT_SERVICE,
	SORT_REASON,
	SORT_RULE,
	SORT_COUNT,
};

struct row {
	const struct attempt *attempt; /* borrowed from the book: the newest of the row */
	const struct rule *rule;       /* that covers its port, or NULL */
	uint64_t packets;
	uint64_t bytes;
	double rate;
	int64_t first_ns; /* 0 = not known */
	int64_t last_ns;
	uint32_t reasons; /* a bit each */
	size_t attempts;  /* that were summed up */
	size_t others;	  /* GROUP_SOURCE: its ports; GROUP_PORT: its sources */
	size_t dropped;	  /* attempts that were not merely observed */
};

struct rows_request {
	struct filter filter;
	enum group group;
	enum sort sort;
	bool ascending;
};

/* Owning; lives no longer than the book and the names. Zeros are empty. */
struct rows {
	struct row *list;
	size_t count;
};

/* 0 or -ENOMEM. Takes the place of what `rows` had. */
int rows_build(struct rows *rows, const struct book *book, const struct port_names *names,
	       const struct rows_request *request);
void rows_free(struct rows *rows);

/* "source" or "port": -EINVAL for anything else. */
const char *group_word(enum group group);
int group_parse(const char *text, enum group *ret);

/* The two rows tell of the same, at different times. */
bool row_is_same(const struct row *a, const struct row *b, enum group group);

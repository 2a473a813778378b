/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rows.h - what a table of attempts shows: those the filter lets through, one by one or summed up
 * by source or by port, in the order asked for. Pure.
 */
#pragma once

#include "kernel/observe/port_names.h"
#include "live/book.h"
#include "live/fold.h"
#include "report/filter.h"

/* Columns; SORT_RULE comes last. Which of them are shown is table.c's. */
enum sort {
	SORT_LAST,
	SORT_HITS,
	SORT_RATE,
	SORT_SOURCE,
	SORT_PORT,
	SORT_SERVICE,
	SORT_FROM,
	SORT_REASON,
	SORT_RULE,
	SORT_COUNT,
};

struct rows_request {
	struct filter filter;
	enum group group;
	enum sort sort;
	bool ascending;
	bool fold; /* floods and scans are one row each */
	struct folds open;
};

/* Owning; lives no longer than the book and the names. Zeros are empty. */
struct rows {
	struct row *list;
	size_t count;
	size_t unfolded; /* rows there would be without folds */
};

/* 0 or -ENOMEM. Takes the place of what `rows` had. */
int rows_build(struct rows *rows, const struct book *book, const struct port_names *names,
	       const struct rows_request *request);
void rows_free(struct rows *rows);

/* "source" or "port": -EINVAL for anything else. */
const char *group_word(enum group group);
int group_parse(const char *text, enum group *ret);

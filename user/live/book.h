/* SPDX-License-Identifier: GPL-2.0 */
/*
 * book.h - attempts as the terminal view shows them, with their rates: a history (report/history.h)
 * and a copy of it that stands still while it is looked at. Pure.
 */
#pragma once

#include "report/history.h"

#define BOOK_MAX HISTORY_ENTRIES

struct page {
	struct attempt attempt; /* packets and bytes: all that are known */
	double rate;		/* packets a second, smoothed */
};

/* Owning. Zeros are empty. */
struct book {
	struct history *history; /* NULL: nothing was put into it yet */
	struct pace {
		uint64_t before; /* packets at the last tick */
		double rate;
	} * paces;    /* by history_slot() */
	bool changed; /* since the pages were written */
	struct page *pages;
	size_t count;
	uint64_t version; /* of the pages; grows */
};

/* As a table, or another history, has it: a count that is smaller than it was is a new beginning. 0
 * or -ENOMEM. */
int book_put(struct book *book, const struct attempt *attempt);

/* That many seconds have passed since the last one. */
void book_tick(struct book *book, double seconds);

/* Write the pages, if something has changed. 0 or -ENOMEM. */
int book_open(struct book *book);
void book_free(struct book *book);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * book.h - attempts as the terminal view remembers them, with their rates. Pure.
 *
 * What the kernel's table has given away stays here, so that a count never goes back: one that is
 * smaller than it was is a new beginning, and is added to what was known.
 */
#ifndef ROLEWALL_LIVE_BOOK_H
#define ROLEWALL_LIVE_BOOK_H

#include "kernel/observe/attempts.h"

#define BOOK_MAX 65536 /* attempts; of more, the half that was seen last stays */

struct page {
	struct attempt attempt; /* packets and bytes: all that are known */
	uint64_t live_packets;	/* what was told last */
	uint64_t live_bytes;
	uint64_t before; /* packets at the last tick */
	double rate;	 /* packets a second, smoothed */
};

/* Owning. Zeros are empty. */
struct book {
	struct page *pages;
	size_t count;
	uint32_t *index; /* of pages, plus one; 0 = free */
	size_t slots;
	uint64_t version; /* grows with every change */
	uint64_t forgotten;
};

/* 0 or -ENOMEM. */
int book_put(struct book *book, const struct attempt *attempt);

/* That many seconds have passed since the last one. */
void book_tick(struct book *book, double seconds);

int book_copy(const struct book *book, struct book *ret);
void book_free(struct book *book);

#endif

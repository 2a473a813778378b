/* SPDX-License-Identifier: GPL-2.0 */
/* book.c - a history, and how fast it grows. */
#include "live/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RATE_NONE 0.05 /* packets a second: below it there is none */

static int book_begin(struct book *book)
{
	if (book->history)
		return 0;
	book->paces = calloc(BOOK_MAX, sizeof(*book->paces));
	book->history = book->paces ? history_new(BOOK_MAX) : NULL;
	if (book->history)
		return 0;
	book_free(book);
	return -ENOMEM;
}

int book_put(struct book *book, const struct attempt *attempt)
{
	const struct history_times times = {attempt->first_ns, attempt->last_ns};
	struct rw_attempt record = attempt->record;
	struct history_entry *entry;
	uint64_t version;
	bool new;

	if (book_begin(book))
		return -ENOMEM;
	version = history_version(book->history);
	record.zone = attempt->zone;
	history_scan_begin(book->history);
	entry = history_scan_record(book->history, &record, &times, &new);
	if (new)
		book->paces[history_slot(book->history, entry)] = (struct pace){0};
	memcpy(entry->interface, attempt->interface, sizeof(entry->interface));
	book->changed |= history_version(book->history) != version;
	return 0;
}

/* What was there before the first tick came at an unknown speed. */
static void pace_tick(struct book *book, struct pace *pace, uint64_t packets, double seconds)
{
	double rate = (double)(packets - pace->before) / seconds;

	if (rate == 0 && pace->rate == 0)
		return;
	pace->rate = pace->before ? (pace->rate + rate) / 2 : 0;
	if (pace->rate < RATE_NONE)
		pace->rate = 0;
	pace->before = packets;
	book->changed = true;
}

void book_tick(struct book *book, double seconds)
{
	const struct history_entry *entry;

	if (seconds <= 0 || !book->history)
		return;
	for (entry = history_after(book->history, 0); entry; entry = history_next(entry))
		pace_tick(book, &book->paces[history_slot(book->history, entry)],
			  history_entry_sum(entry).packets, seconds);
}

int book_open(struct book *book)
{
	const struct history_entry *entry;
	struct page *pages;
	size_t count = 0;

	if (!book->changed)
		return 0;
	pages = realloc(book->pages, (history_size(book->history) + 1) * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	for (entry = history_after(book->history, 0); entry; entry = history_next(entry)) {
		history_entry_attempt(entry, &pages[count].attempt);
		pages[count++].rate = book->paces[history_slot(book->history, entry)].rate;
	}
	book->pages = pages;
	book->count = count;
	book->changed = false;
	book->version++;
	return 0;
}

void book_free(struct book *book)
{
	history_free(book->history);
	free(book->paces);
	free(book->pages);
	*book = (struct book){0};
}

/* SPDX-License-Identifier: GPL-2.0 */
/* book.c - an open hash table over a list. */
#include "live/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define SLOTS_MIN 256
#define RATE_NONE 0.05 /* packets a second: below it there is none */

static uint64_t hash_of(const struct rw_attempt *record)
{
	uint64_t parts[3], hash = 0;

	memcpy(parts, record->source, 16);
	parts[2] = (uint64_t)record->ifindex << 32 | (uint64_t)record->port << 16 |
		   (uint64_t)record->l4 << 8 | record->reason;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		hash = (hash ^ parts[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

static bool is_same(const struct rw_attempt *a, const struct rw_attempt *b)
{
	return !memcmp(a->source, b->source, sizeof(a->source)) && a->ifindex == b->ifindex &&
	       a->port == b->port && a->l4 == b->l4 && a->reason == b->reason &&
	       a->observed == b->observed;
}

static uint32_t *slot_find(const struct book *book, const struct rw_attempt *record)
{
	size_t slot = hash_of(record) & (book->slots - 1);

	while (book->index[slot] &&
	       !is_same(&book->pages[book->index[slot] - 1].attempt.record, record))
		slot = (slot + 1) & (book->slots - 1);
	return &book->index[slot];
}

static int index_make(struct book *book, size_t slots)
{
	uint32_t *index = calloc(slots, sizeof(*index));

	if (!index)
		return -ENOMEM;
	free(book->index);
	book->index = index;
	book->slots = slots;
	for (size_t i = 0; i < book->count; i++)
		*slot_find(book, &book->pages[i].attempt.record) = i + 1;
	return 0;
}

static int compare_newest(const void *left, const void *right)
{
	const struct page *a = left, *b = right;

	return (a->attempt.last_ns < b->attempt.last_ns) -
	       (a->attempt.last_ns > b->attempt.last_ns);
}

static int room_make(struct book *book)
{
	if (book->count >= BOOK_MAX) {
		qsort(book->pages, book->count, sizeof(*book->pages), compare_newest);
		book->forgotten += book->count - BOOK_MAX / 2;
		book->count = BOOK_MAX / 2;
		return index_make(book, 2 * BOOK_MAX);
	}
	if (2 * (book->count + 1) > book->slots)
		return index_make(book, book->slots ? 2 * book->slots : SLOTS_MIN);
	return 0;
}

/* Records of the same key may come in any order, and from several tellers. */
static void page_update(struct page *page, const struct attempt *told)
{
	struct rw_attempt *record = &page->attempt.record;
	bool anew = told->record.packets < page->live_packets;

	record->packets += told->record.packets - (anew ? 0 : page->live_packets);
	record->bytes += told->record.bytes - (anew ? 0 : page->live_bytes);
	record->rule = told->record.rule;
	page->live_packets = told->record.packets;
	page->live_bytes = told->record.bytes;
	if (told->last_ns > page->attempt.last_ns)
		page->attempt.last_ns = told->last_ns;
	page->attempt.zone = told->zone;
	memcpy(page->attempt.interface, told->interface, sizeof(told->interface));
}

int book_put(struct book *book, const struct attempt *attempt)
{
	uint32_t *slot = book->slots ? slot_find(book, &attempt->record) : NULL;
	struct page *page;
	int error;

	if (slot && *slot) {
		page = &book->pages[*slot - 1];
		if (page->live_packets == attempt->record.packets)
			return 0;
		page_update(page, attempt);
		book->version++;
		return 0;
	}
	error = room_make(book);
	if (error)
		return error;
	page = array_append(&book->pages, &book->count, sizeof(*page));
	if (!page)
		return -ENOMEM;
	page->attempt = *attempt;
	page->live_packets = attempt->record.packets;
	page->live_bytes = attempt->record.bytes;
	*slot_find(book, &attempt->record) = book->count;
	book->version++;
	return 0;
}

void book_tick(struct book *book, double seconds)
{
	if (seconds <= 0)
		return;
	for (size_t i = 0; i < book->count; i++) {
		struct page *page = &book->pages[i];
		uint64_t packets = page->attempt.record.packets;
		double rate = (double)(packets - page->before) / seconds;

		if (rate == 0 && page->rate == 0)
			continue;
		/* What was there before the first tick came at an unknown speed. */
		page->rate = page->before ? (page->rate + rate) / 2 : 0;
		if (page->rate < RATE_NONE)
			page->rate = 0;
		page->before = packets;
		book->version++;
	}
}

int book_copy(const struct book *book, struct book *ret)
{
	struct book copy = {.version = book->version, .forgotten = book->forgotten};

	for (size_t i = 0; i < book->count; i++) {
		struct page *page = array_append(&copy.pages, &copy.count, sizeof(*page));

		if (!page) {
			book_free(&copy);
			return -ENOMEM;
		}
		*page = book->pages[i];
	}
	*ret = copy;
	return 0;
}

void book_free(struct book *book)
{
	free(book->pages);
	free(book->index);
	*book = (struct book){0};
}

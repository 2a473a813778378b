/* SPDX-License-Identifier: GPL-2.0 */
/* store_maps.c - the kernel's half of a store. */
#include "kernel/lists/store_maps.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "util/clock.h"

int presence_read(const struct store *store, struct rw_presence *ret)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(store->maps.fd[MAP_PRESENCE], &zero, ret) ? -errno : 0;
}

static int presence_put(const struct store *store, const struct rw_presence *presence)
{
	__u32 zero = 0;

	return bpf_map_update_elem(store->maps.fd[MAP_PRESENCE], &zero, presence, BPF_ANY) ? -errno
											   : 0;
}

static __u32 whole_bit(const struct store *store)
{
	return 1U << store->kind->id;
}

/* While it is not whole, the next open of the store makes the maps what the file says. */
int presence_set_whole(const struct store *store, bool whole)
{
	struct rw_presence presence;
	int r = presence_read(store, &presence);

	if (r)
		return r;
	presence.whole &= ~whole_bit(store);
	presence.whole |= whole ? whole_bit(store) : 0;
	return presence_put(store, &presence);
}

/* The end of an entry in the clock of the maps. */
static __u64 end_of(const struct store *store, const struct timeout *entry)
{
	return timeout_end(entry, store->ahead);
}

static void presence_note_end(struct rw_presence *presence, const struct store *store,
			      const struct timeout *entry)
{
	__u64 *next = &presence->next_end[store->kind->id], end = end_of(store, entry);

	if (end && (!*next || end < *next))
		*next = end;
}

int presence_write(const struct store *store, const struct timeout_list *list)
{
	const struct timeout *first = NULL;
	struct rw_presence presence;
	int r = presence_read(store, &presence);

	if (r)
		return r;
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].expires && (!first || list->list[i].expires < first->expires))
			first = &list->list[i];
	store->kind->count(list, &presence);
	presence.next_end[store->kind->id] = 0;
	if (first)
		presence_note_end(&presence, store, first);
	return presence_put(store, &presence);
}

bool presence_is_whole(const struct store *store, const struct rw_presence *presence)
{
	return presence->whole & whole_bit(store);
}

/* Has an entry ended? */
bool presence_is_due(const struct store *store, const struct rw_presence *presence)
{
	__u64 next = presence->next_end[store->kind->id];

	return next && next <= (__u64)clock_now(store->kind->clock);
}

int64_t store_now(const struct store *store)
{
	return time_add(clock_now(store->kind->clock), store->ahead);
}

int kernel_read(const struct store *store, struct timeout_list *ret)
{
	_timeout_list_ struct timeout_list list = {0};
	int r = store->kind->read(&store->maps, store->ahead, &list);

	if (!r)
		r = timeout_sort(&list);
	if (r)
		return r;
	*ret = list;
	list = (struct timeout_list){0};
	return 0;
}

int kernel_insert(const struct store *store, const struct timeout_list *entries)
{
	return store->kind->insert(&store->maps, store->ahead, entries);
}

bool store_find(const struct store *store, struct timeout *entry)
{
	return store->kind->find(&store->maps, store->ahead, entry) == 0;
}

int presence_count_one(const struct store *store, const struct timeout_list *one, int more)
{
	struct rw_presence presence, counted = {0};
	int r = presence_read(store, &presence);

	if (r)
		return r;
	store->kind->count(one, &counted);
	presence.bans += more * counted.bans;
	presence.ban_prefixes += more * counted.ban_prefixes;
	presence.openings += more * counted.openings;
	if (more >= 0)
		presence_note_end(&presence, store, one->list);
	return presence_put(store, &presence);
}

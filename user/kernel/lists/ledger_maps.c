/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_maps.c - the kernel's half of a ledger. */
#include "kernel/lists/ledger_maps.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "util/clock.h"

int presence_read(const struct ledger *ledger, struct rw_presence *ret)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(ledger->maps.fd[MAP_PRESENCE], &zero, ret) ? -errno : 0;
}

static int presence_put(const struct ledger *ledger, const struct rw_presence *presence)
{
	__u32 zero = 0;

	return bpf_map_update_elem(ledger->maps.fd[MAP_PRESENCE], &zero, presence, BPF_ANY) ? -errno
											    : 0;
}

static __u32 whole_bit(const struct ledger *ledger)
{
	return 1U << ledger->kind->id;
}

/* Until it is whole again, whoever opens the ledger next makes the maps what the file says. */
int presence_set_whole(const struct ledger *ledger, bool whole)
{
	struct rw_presence presence;
	int error = presence_read(ledger, &presence);

	if (error)
		return error;
	presence.whole &= ~whole_bit(ledger);
	presence.whole |= whole ? whole_bit(ledger) : 0;
	return presence_put(ledger, &presence);
}

/* The end of an entry in the clock of the maps. */
static __u64 end_of(const struct ledger *ledger, const struct timed *entry)
{
	return timed_end(entry, ledger->ahead);
}

static void presence_note_end(struct rw_presence *presence, const struct ledger *ledger,
			      const struct timed *entry)
{
	__u64 *next = &presence->next_end[ledger->kind->id], end = end_of(ledger, entry);

	if (end && (!*next || end < *next))
		*next = end;
}

int presence_write(const struct ledger *ledger, const struct timed_list *list)
{
	const struct timed *first = NULL;
	struct rw_presence presence;
	int error = presence_read(ledger, &presence);

	if (error)
		return error;
	for (size_t i = 0; i < list->count; i++)
		if (list->list[i].expires && (!first || list->list[i].expires < first->expires))
			first = &list->list[i];
	ledger->kind->count(list, &presence);
	presence.next_end[ledger->kind->id] = 0;
	if (first)
		presence_note_end(&presence, ledger, first);
	return presence_put(ledger, &presence);
}

bool presence_is_whole(const struct ledger *ledger, const struct rw_presence *presence)
{
	return presence->whole & whole_bit(ledger);
}

/* Has an entry ended? */
bool presence_is_due(const struct ledger *ledger, const struct rw_presence *presence)
{
	__u64 next = presence->next_end[ledger->kind->id];

	return next && next <= (__u64)clock_now(ledger->kind->clock);
}

int64_t ledger_now(const struct ledger *ledger)
{
	return time_add(clock_now(ledger->kind->clock), ledger->ahead);
}

int kernel_read(const struct ledger *ledger, struct timed_list *ret)
{
	_timed_list_ struct timed_list list = {0};
	int error = ledger->kind->read(&ledger->maps, ledger->ahead, &list);

	if (!error)
		error = timed_sort(&list);
	if (error)
		return error;
	*ret = list;
	list = (struct timed_list){0};
	return 0;
}

int kernel_insert(const struct ledger *ledger, const struct timed_list *entries)
{
	return ledger->kind->insert(&ledger->maps, ledger->ahead, entries);
}

bool ledger_find(const struct ledger *ledger, struct timed *entry)
{
	return ledger->kind->find(&ledger->maps, ledger->ahead, entry) == 0;
}

int presence_count_one(const struct ledger *ledger, const struct timed_list *one, int more)
{
	struct rw_presence presence, counted = {0};
	int error = presence_read(ledger, &presence);

	if (error)
		return error;
	ledger->kind->count(one, &counted);
	presence.bans += more * counted.bans;
	presence.ban_prefixes += more * counted.ban_prefixes;
	presence.openings += more * counted.openings;
	if (more >= 0)
		presence_note_end(&presence, ledger, one->list);
	return presence_put(ledger, &presence);
}

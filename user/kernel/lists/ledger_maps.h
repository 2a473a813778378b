/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ledger_maps.h - the maps of a ledger, and what `presence` says of them. Functions return 0 or
 * -errno.
 */
#ifndef ROLEWALL_KERNEL_LEDGER_MAPS_H
#define ROLEWALL_KERNEL_LEDGER_MAPS_H

#include <stdbool.h>

#include "kernel/lists/ledger.h"

/* Now, in ns since the epoch as it was when the ledger was opened: the clock may be set meanwhile.
 */
int64_t ledger_now(const struct ledger *ledger);

/* Is it in the kernel? Fills in the end. */
bool ledger_find(const struct ledger *ledger, struct timed *entry);

int kernel_read(const struct ledger *ledger, struct timed_list *ret);
int kernel_insert(const struct ledger *ledger, const struct timed_list *entries);

int presence_read(const struct ledger *ledger, struct rw_presence *ret);

/* Until it is whole again, whoever opens the ledger next makes the maps what the file says. */
int presence_set_whole(const struct ledger *ledger, bool whole);
bool presence_is_whole(const struct ledger *ledger, const struct rw_presence *presence);

/* Has an entry ended? */
bool presence_is_due(const struct ledger *ledger, const struct rw_presence *presence);

/* How many there are, and when the first of them ends. */
int presence_write(const struct ledger *ledger, const struct timed_list *list);

/* The same after one entry has come (more = 1), gone (-1) or been renewed (0). */
int presence_count_one(const struct ledger *ledger, const struct timed_list *one, int more);

#endif

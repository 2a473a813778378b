/* SPDX-License-Identifier: GPL-2.0 */
/*
 * store_maps.h - the maps of a store, and what `presence` says of them. Functions return 0 or
 * -errno.
 */
#pragma once

#include <stdbool.h>

#include "kernel/lists/store.h"

/*
 * Now, in ns since the epoch as it was when the store was opened: the clock may be set meanwhile.
 */
int64_t store_now(const struct store *store);

/* Is it in the kernel? Fills in the end. */
bool store_find(const struct store *store, struct timeout *entry);

int kernel_read(const struct store *store, struct timeout_list *ret);
int kernel_insert(const struct store *store, const struct timeout_list *entries);

int presence_read(const struct store *store, struct rw_presence *ret);

/* While it is not whole, the next open of the store makes the maps what the file says. */
int presence_set_whole(const struct store *store, bool whole);
bool presence_is_whole(const struct store *store, const struct rw_presence *presence);

/* Has an entry ended? */
bool presence_is_due(const struct store *store, const struct rw_presence *presence);

/* How many there are, and when the first of them ends. */
int presence_write(const struct store *store, const struct timeout_list *list);

/* The same after one entry has come (more = 1), gone (-1) or been renewed (0). */
int presence_count_one(const struct store *store, const struct timeout_list *one, int more);

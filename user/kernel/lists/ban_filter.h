/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ban_filter.h - the filter in front of the bans (struct rw_ban_filter in rolewall/abi.h).
 *
 * At any instruction the bits of every ban in the maps are set, or there is no filter: bits come
 * before the ban that they are for, and are only taken out while the programs do not look. Whoever
 * is here holds the lock of the lists. Functions return 0 or -errno.
 */
#pragma once

#include <stddef.h>

#include "kernel/lists/timeout_list.h"
#include "kernel/object/maps.h"

/*
 * Before bans come into the maps. -ENOSPC: the filter has too many of them, and is to be made anew;
 * nothing was changed.
 */
int ban_filter_add(const struct maps *maps, const struct timeout_list *bans);

/* After `count` bans have left the maps. -ENOSPC: so many have that it is to be made anew. */
int ban_filter_forget(const struct maps *maps, size_t count);

/*
 * Make it of the bans in the maps, `present`, and of those that are to come; either may be NULL.
 * Where that cannot be done, there is no filter, which is slower, and no error.
 */
int ban_filter_make(const struct maps *maps, const struct timeout_list *present,
		    const struct timeout_list *coming);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ban_maps.h - the kernel's half of the bans: the maps `bans` (addresses) and `ban_prefixes`, and
 * the filter in front of them (ban_filter.h), as what a store asks of its kind (store.h). `ahead`
 * is that of the epoch's clock to the maps'. Functions return 0 or -errno.
 */
#pragma once

#include <stdint.h>

#include "kernel/lists/timeout_list.h"
#include "kernel/object/maps.h"

/* What is banned already is renewed. */
int bans_insert(const struct maps *maps, int64_t ahead, const struct timeout_list *bans);
/* What is not banned is no error. */
int bans_erase(const struct maps *maps, const struct timeout_list *bans);
/* All of them, in no order. `ret` is owned by the caller, and may have some after an error. */
int bans_read(const struct maps *maps, int64_t ahead, struct timeout_list *ret);
void bans_count(const struct timeout_list *entries, struct rw_presence *presence);

/* The end of this one ban. -ENOENT: it is not banned by itself. */
int bans_find(const struct maps *maps, int64_t ahead, struct timeout *entry);
/* The same of an address alone. */
int bans_find_address(const struct maps *maps, const uint8_t address[16], struct rw_ban *ret);
/* The longest prefix that is banned and holds all of `source`, which may be `source` itself. */
int bans_find_prefix(const struct maps *maps, const struct cidr *source, struct rw_ban *ret);

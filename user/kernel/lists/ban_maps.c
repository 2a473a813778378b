/* SPDX-License-Identifier: GPL-2.0 */
/* ban_maps.c - two maps, and the filter in front of them, as one list. */
#include "kernel/lists/ban_maps.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/ban_filter.h"
#include "kernel/object/batch.h"
#include "util/array.h"
#include "util/cleanup.h"

#define ADDRESS_BITS 128

static struct map_shape shape_of(const struct maps *maps, enum map_id id)
{
	return (struct map_shape){
		.fd = maps->fd[id],
		.key_size =
			id == MAP_BANS ? sizeof(struct rw_address) : sizeof(struct rw_prefix_key),
		.value_size = sizeof(struct rw_ban),
		.max_entries = RW_BANS,
	};
}

static bool is_address(const struct timeout *entry)
{
	return entry->source.length == ADDRESS_BITS;
}

/* Keys and values of one of the two maps, a part of them at a time. */
#define ROWS_MAX 2048 /* some 100 kB, on the stack */

struct rows {
	struct map_shape map;
	enum map_id id;
	struct rw_address addresses[ROWS_MAX];
	struct rw_prefix_key prefixes[ROWS_MAX];
	struct rw_ban values[ROWS_MAX];
	size_t count;
};

static const void *rows_keys(const struct rows *rows)
{
	return rows->id == MAP_BANS ? (const void *)rows->addresses : rows->prefixes;
}

static void rows_add(struct rows *rows, const struct timeout *ban, int64_t ahead)
{
	struct rw_prefix_key *prefix = &rows->prefixes[rows->count];

	if (rows->id == MAP_BANS) {
		memcpy(rows->addresses[rows->count].bytes, ban->source.source, 16);
	} else {
		prefix->prefixlen = ban->source.length;
		memcpy(prefix->source, ban->source.source, 16);
	}
	rows->values[rows->count++] = (struct rw_ban){
		.expires = timeout_end(ban, ahead),
		.length = ban->source.length,
	};
}

static int rows_flush(struct rows *rows, bool erase)
{
	size_t count = rows->count;

	rows->count = 0;
	return erase ? batch_delete(&rows->map, rows_keys(rows), count)
		     : batch_insert(&rows->map, rows_keys(rows), rows->values, count);
}

static int map_change(const struct maps *maps, enum map_id id, int64_t ahead,
		      const struct timeout_list *bans, bool erase)
{
	struct rows rows = {.map = shape_of(maps, id), .id = id};
	int r = 0;

	for (size_t i = 0; !r && i < bans->count; i++) {
		if (is_address(&bans->list[i]) != (id == MAP_BANS))
			continue;
		rows_add(&rows, &bans->list[i], ahead);
		if (rows.count == ROWS_MAX)
			r = rows_flush(&rows, erase);
	}
	return r ? r : rows_flush(&rows, erase);
}

static int ban_append(struct timeout_list *list, const __u8 source[16], __u32 length, __u64 expires,
		      int64_t ahead)
{
	struct timeout *ban = array_append(&list->list, &list->count, sizeof(*ban));

	if (!ban)
		return -ENOMEM;
	memcpy(ban->source.source, source, sizeof(ban->source.source));
	ban->source.length = length;
	ban->expires = timeout_expires(expires, ahead);
	return 0;
}

static int map_read(const struct maps *maps, enum map_id id, int64_t ahead,
		    struct timeout_list *ret)
{
	const struct map_shape map = shape_of(maps, id);
	_free_ void *keys = NULL;
	_free_ struct rw_ban *values = NULL;
	size_t count = 0;
	int r = batch_read(&map, &keys, (void **)&values, &count);
	const struct rw_address *addresses = keys;
	const struct rw_prefix_key *prefixes = keys;

	for (size_t i = 0; !r && i < count; i++)
		r = id == MAP_BANS ? ban_append(ret, addresses[i].bytes, ADDRESS_BITS,
						values[i].expires, ahead)
				   : ban_append(ret, prefixes[i].source, prefixes[i].prefixlen,
						values[i].expires, ahead);
	return r;
}

int bans_read(const struct maps *maps, int64_t ahead, struct timeout_list *ret)
{
	int r = map_read(maps, MAP_BANS, ahead, ret);

	return r ? r : map_read(maps, MAP_BAN_PREFIXES, ahead, ret);
}

/* Of all that is banned, and of what is to be. */
static int filter_renew(const struct maps *maps, const struct timeout_list *coming)
{
	_timeout_list_ struct timeout_list present = {0};
	int r = bans_read(maps, 0, &present);

	return r ? r : ban_filter_make(maps, &present, coming);
}

int bans_insert(const struct maps *maps, int64_t ahead, const struct timeout_list *bans)
{
	int r = ban_filter_add(maps, bans);

	if (r == -ENOSPC)
		r = filter_renew(maps, bans);
	if (!r)
		r = map_change(maps, MAP_BANS, ahead, bans, false);
	return r ? r : map_change(maps, MAP_BAN_PREFIXES, ahead, bans, false);
}

int bans_erase(const struct maps *maps, const struct timeout_list *bans)
{
	int r = map_change(maps, MAP_BANS, 0, bans, true);

	if (!r)
		r = map_change(maps, MAP_BAN_PREFIXES, 0, bans, true);
	if (!r)
		r = ban_filter_forget(maps, bans->count);
	return r == -ENOSPC ? filter_renew(maps, NULL) : r;
}

void bans_count(const struct timeout_list *entries, struct rw_presence *presence)
{
	presence->bans = 0;
	for (size_t i = 0; i < entries->count; i++)
		presence->bans += is_address(&entries->list[i]);
	presence->ban_prefixes = entries->count - presence->bans;
}

int bans_find_prefix(const struct maps *maps, const struct cidr *source, struct rw_ban *ret)
{
	struct rw_prefix_key key = {.prefixlen = source->length};

	memcpy(key.source, source->source, sizeof(key.source));
	return bpf_map_lookup_elem(maps->fd[MAP_BAN_PREFIXES], &key, ret) ? -errno : 0;
}

int bans_find(const struct maps *maps, int64_t ahead, struct timeout *entry)
{
	struct rw_ban ban;
	int r;

	if (is_address(entry))
		r = bpf_map_lookup_elem(maps->fd[MAP_BANS], entry->source.source, &ban) ? -errno
											: 0;
	else
		r = bans_find_prefix(maps, &entry->source, &ban);
	if (!r && ban.length != entry->source.length)
		r = -ENOENT;
	if (!r)
		entry->expires = timeout_expires(ban.expires, ahead);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* ban_maps.c - two maps, and the filter in front of them, as one list. */
#include "kernel/lists/ban_maps.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/ban_filter.h"
#include "kernel/object/batch.h"
#include "kernel/object/pieces.h"
#include "util/array.h"
#include "util/cleanup.h"

#define ADDRESS_BITS 128

/* --- the table of addresses ------------------------------------------------------------------- */

/*
 * It is as large as it has to be: an empty hash has 16 bytes for each place that it would have, and
 * none at all is there while no address is banned.
 */
static const uint32_t rooms[] = {16384, 131072, RW_BANS};

static int open_table(const struct maps *maps, int *ret)
{
	return piece_open(maps->fd[MAP_BANS], 0, ret);
}

static uint32_t room_of(int table)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(table, &info, &size) ? RW_BANS : info.max_entries;
}

static int table_copy(int from, int to)
{
	struct map_shape map = {from, sizeof(struct rw_address), sizeof(struct rw_ban), RW_BANS};
	_free_ void *keys = NULL, *values = NULL;
	size_t count = 0;
	int r = from < 0 ? 0 : batch_read(&map, &keys, &values, &count);

	map.fd = to;
	return r ? r : batch_insert(&map, keys, values, count);
}

/* One of that room in place of `old` (-1: there is none), with what is in it. */
static int table_replace(const struct maps *maps, int old, uint32_t room, int *ret)
{
	_close_ int table = piece_new(MAP_BANS, room);
	int r = table < 0 ? table : table_copy(old, table);

	if (!r)
		r = piece_put(maps->fd[MAP_BANS], 0, table);
	/* Before 5.10. */
	if (r == -EINVAL && room < RW_BANS)
		return table_replace(maps, old, RW_BANS, ret);
	if (!r)
		*ret = TAKE_FD(table);
	return r;
}

/* A larger one than `old`, for `count` more if they fit. -E2BIG: there is none. */
static int table_grow(const struct maps *maps, int old, size_t count, int *ret)
{
	uint32_t least = old < 0 ? 0 : room_of(old);

	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++)
		if (rooms[i] > least && (rooms[i] >= count || rooms[i] == RW_BANS))
			return table_replace(maps, old, rooms[i], ret);
	return -E2BIG;
}

static void table_drop_empty(const struct maps *maps)
{
	struct rw_address first;
	_close_ int table = -1;
	__u32 zero = 0;

	if (open_table(maps, &table) == 0 && bpf_map_get_next_key(table, NULL, &first) &&
	    errno == ENOENT)
		bpf_map_delete_elem(maps->fd[MAP_BANS], &zero);
}

/* --- both ------------------------------------------------------------------------------------- */

static struct map_shape shape_of(int fd, enum map_id id)
{
	return (struct map_shape){
		.fd = fd,
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

static int map_change(int fd, enum map_id id, int64_t ahead, const struct timeout_list *bans,
		      bool erase)
{
	struct rows rows = {.map = shape_of(fd, id), .id = id};
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

static int map_read(int fd, enum map_id id, int64_t ahead, struct timeout_list *ret)
{
	const struct map_shape map = shape_of(fd, id);
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
	_close_ int table = -1;
	int r = open_table(maps, &table);

	if (!r)
		r = map_read(table, MAP_BANS, ahead, ret);
	if (r && r != -ENOENT)
		return r;
	return map_read(maps->fd[MAP_BAN_PREFIXES], MAP_BAN_PREFIXES, ahead, ret);
}

/* Of all that is banned, and of what is to be. */
static int filter_renew(const struct maps *maps, const struct timeout_list *coming)
{
	_timeout_list_ struct timeout_list present = {0};
	int r = bans_read(maps, 0, &present);

	return r ? r : ban_filter_make(maps, &present, coming);
}

static size_t addresses_count(const struct timeout_list *bans)
{
	size_t count = 0;

	for (size_t i = 0; i < bans->count; i++)
		count += is_address(&bans->list[i]);
	return count;
}

static int insert_addresses(const struct maps *maps, int64_t ahead, const struct timeout_list *bans)
{
	size_t count = addresses_count(bans);
	_close_ int table = -1;
	int r = count ? open_table(maps, &table) : 0;

	if (r == -ENOENT)
		r = table_grow(maps, -1, count, &table);
	while (!r && count) {
		int larger = -1;

		r = map_change(table, MAP_BANS, ahead, bans, false);
		if (r != -E2BIG)
			break;
		r = table_grow(maps, table, count, &larger);
		if (!r) {
			cleanup_close(&table);
			table = larger;
		}
	}
	return r;
}

static int erase_addresses(const struct maps *maps, const struct timeout_list *bans)
{
	_close_ int table = -1;
	int r = open_table(maps, &table);

	if (r)
		return r == -ENOENT ? 0 : r;
	r = map_change(table, MAP_BANS, 0, bans, true);
	if (!r)
		table_drop_empty(maps);
	return r;
}

int bans_insert(const struct maps *maps, int64_t ahead, const struct timeout_list *bans)
{
	int r = ban_filter_add(maps, bans);

	if (r == -ENOSPC)
		r = filter_renew(maps, bans);
	if (!r)
		r = insert_addresses(maps, ahead, bans);
	return r ? r : map_change(maps->fd[MAP_BAN_PREFIXES], MAP_BAN_PREFIXES, ahead, bans, false);
}

int bans_erase(const struct maps *maps, const struct timeout_list *bans)
{
	int r = erase_addresses(maps, bans);

	if (!r)
		r = map_change(maps->fd[MAP_BAN_PREFIXES], MAP_BAN_PREFIXES, 0, bans, true);
	if (!r)
		r = ban_filter_forget(maps, bans->count);
	return r == -ENOSPC ? filter_renew(maps, NULL) : r;
}

void bans_count(const struct timeout_list *entries, struct rw_presence *presence)
{
	presence->bans = addresses_count(entries);
	presence->ban_prefixes = entries->count - presence->bans;
}

int bans_find_prefix(const struct maps *maps, const struct cidr *source, struct rw_ban *ret)
{
	struct rw_prefix_key key = {.prefixlen = source->length};

	memcpy(key.source, source->source, sizeof(key.source));
	return bpf_map_lookup_elem(maps->fd[MAP_BAN_PREFIXES], &key, ret) ? -errno : 0;
}

int bans_find_address(const struct maps *maps, const uint8_t address[16], struct rw_ban *ret)
{
	_close_ int table = -1;
	int r = open_table(maps, &table);

	if (r)
		return r;
	return bpf_map_lookup_elem(table, address, ret) ? -errno : 0;
}

int bans_find(const struct maps *maps, int64_t ahead, struct timeout *entry)
{
	struct rw_ban ban;
	int r;

	if (is_address(entry))
		r = bans_find_address(maps, entry->source.source, &ban);
	else
		r = bans_find_prefix(maps, &entry->source, &ban);
	if (!r && ban.length != entry->source.length)
		r = -ENOENT;
	if (!r)
		entry->expires = timeout_expires(ban.expires, ahead);
	return r;
}

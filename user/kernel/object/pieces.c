/* SPDX-License-Identifier: GPL-2.0 */
/* pieces.c - make and find the pieces of a table. */
#include "kernel/object/pieces.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "kernel/object/batch.h"
#include "util/array.h"
#include "util/cleanup.h"

struct shape {
	enum map_id id;
	enum bpf_map_type type;
	uint32_t key, value, entries, flags;
};

static const struct shape shapes[] = {
	{MAP_BANS, BPF_MAP_TYPE_HASH, sizeof(struct rw_address), sizeof(struct rw_ban), RW_BANS,
	 BPF_F_NO_PREALLOC},
	{MAP_LIMIT_TIMES, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(__u64),
	 RW_LIMIT_ROWS *RW_LIMIT_PLACES, 0},
	{MAP_RULE_COUNTERS, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32),
	 sizeof(struct rw_rule_counter), RW_RULE_PIECE, 0},
	{MAP_CALLERS, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct rw_caller_set),
	 RW_CALLER_SETS, 0},
};

int piece_open(int outer, uint32_t index, int *ret_fd)
{
	__u32 id;
	int fd;

	if (bpf_map_lookup_elem(outer, &index, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int piece_new(enum map_id id, uint32_t entries)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *shape = &shapes[i];
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = shape->flags);
		int fd;

		if (shape->id != id)
			continue;
		fd = bpf_map_create(shape->type, "rw_piece", shape->key, shape->value,
				    entries ? entries : shape->entries, &opts);
		return fd < 0 ? -errno : fd;
	}
	return -EINVAL;
}

int piece_put(int outer, uint32_t index, int fd)
{
	return bpf_map_update_elem(outer, &index, &fd, BPF_ANY) ? -errno : 0;
}

static bool is_made(int outer, uint32_t index)
{
	__u32 id;

	return bpf_map_lookup_elem(outer, &index, &id) == 0;
}

/* At once: each update of such an array waits for the programs. */
static int pieces_put(int outer, const uint32_t *indexes, const int *fds, size_t count)
{
	const struct map_shape map = {outer, sizeof(*indexes), sizeof(*fds), count};

	return count ? batch_insert(&map, indexes, fds, count) : 0;
}

int pieces_make(int outer, enum map_id id, const uint32_t *indexes, size_t count)
{
	_free_ uint32_t *missing = calloc(count + 1, sizeof(*missing));
	_free_ int *fds = calloc(count + 1, sizeof(*fds));
	size_t made = 0;
	int r = missing && fds ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < count; i++) {
		int fd;

		if (is_made(outer, indexes[i]))
			continue;
		fd = piece_new(id, 0);
		if (fd < 0) {
			r = fd;
			break;
		}
		fds[made] = fd;
		missing[made++] = indexes[i];
	}
	if (!r)
		r = pieces_put(outer, missing, fds, made);
	while (made)
		cleanup_close(&fds[--made]);
	return r;
}

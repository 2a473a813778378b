/* SPDX-License-Identifier: GPL-2.0 */
/* batch.c - BPF_MAP_*_BATCH, and the loops that stand in for them. */
#include "kernel/object/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/object/probe.h"
#include "util/cleanup.h"

#define CHUNK	     16384 /* elements a system call; far more than one hash bucket holds */
#define ENOTSUPP_BPF 524   /* the kernel's own number, for maps without batches */

/* Elements that have been read so far. */
struct harvest {
	uint8_t *keys;
	uint8_t *values;
	size_t count;
	size_t room;
};

static int harvest_make_room(const struct map_shape *map, struct harvest *harvest, size_t more)
{
	size_t room = harvest->room ? harvest->room : CHUNK;
	uint8_t *keys, *values;

	while (room < harvest->count + more)
		room *= 2;
	if (room == harvest->room)
		return 0;
	keys = realloc(harvest->keys, room * map->key_size);
	if (!keys)
		return -ENOMEM;
	harvest->keys = keys;
	values = realloc(harvest->values, room * map->value_size);
	if (!values)
		return -ENOMEM;
	harvest->values = values;
	harvest->room = room;
	return 0;
}

static uint8_t *key_at(const struct map_shape *map, const struct harvest *harvest)
{
	return harvest->keys + harvest->count * map->key_size;
}

static uint8_t *value_at(const struct map_shape *map, const struct harvest *harvest)
{
	return harvest->values + harvest->count * map->value_size;
}

static bool has_no_batch(int error)
{
	return error == -EINVAL || error == -EOPNOTSUPP || error == -ENOTSUPP_BPF;
}

static int read_batches(const struct map_shape *map, struct harvest *harvest)
{
	uint8_t cursor[BATCH_KEY_MAX], next[BATCH_KEY_MAX];
	bool begun = false;

	for (;;) {
		__u32 count = CHUNK;
		int r = harvest_make_room(map, harvest, count);

		if (r)
			return r;
		r = bpf_map_lookup_batch(map->fd, begun ? cursor : NULL, next, key_at(map, harvest),
					 value_at(map, harvest), &count, NULL);
		if (r && errno != ENOENT)
			return -errno;
		harvest->count += count;
		if (r) /* ENOENT: these were the last */
			return 0;
		memcpy(cursor, next, sizeof(cursor));
		begun = true;
	}
}

static int read_one_by_one(const struct map_shape *map, struct harvest *harvest)
{
	uint8_t key[BATCH_KEY_MAX] = {0}, next[BATCH_KEY_MAX];
	bool begun = false;

	harvest->count = 0;
	while (bpf_map_get_next_key(map->fd, begun ? key : NULL, next) == 0) {
		int r = harvest_make_room(map, harvest, 1);

		if (r)
			return r;
		memcpy(key, next, sizeof(key));
		begun = true;
		if (bpf_map_lookup_elem(map->fd, key, value_at(map, harvest)))
			continue;
		memcpy(key_at(map, harvest), key, map->key_size);
		harvest->count++;
		/* A map that grows as fast as it is read has no end. */
		if (harvest->count > map->max_entries)
			return -EAGAIN;
	}
	return errno == ENOENT ? 0 : -errno;
}

int batch_read(const struct map_shape *map, void **ret_keys, void **ret_values, size_t *ret_count)
{
	struct harvest harvest = {0};
	int r = probe_is_off("batch") ? -EINVAL : read_batches(map, &harvest);

	if (has_no_batch(r))
		r = read_one_by_one(map, &harvest);
	if (r) {
		free(harvest.keys);
		free(harvest.values);
		return r;
	}
	*ret_keys = harvest.keys;
	*ret_values = harvest.values;
	*ret_count = harvest.count;
	return 0;
}

static int array_one_by_one(int fd, size_t value_size, __u32 from, size_t count, uint8_t *values)
{
	for (size_t i = 0; i < count; i++) {
		__u32 key = from + (__u32)i;

		if (bpf_map_lookup_elem(fd, &key, values + i * value_size))
			return -errno;
	}
	return 0;
}

int batch_read_array(int fd, size_t value_size, unsigned int from, size_t count, void *ret_values)
{
	_free_ __u32 *keys = calloc(count + 1, sizeof(*keys));
	__u32 before = from - 1, last, done = (__u32)count;
	int r;

	if (!keys)
		return -ENOMEM;
	if (!count)
		return 0;
	if (probe_is_off("batch"))
		return array_one_by_one(fd, value_size, from, count, ret_values);
	r = bpf_map_lookup_batch(fd, from ? &before : NULL, &last, keys, ret_values, &done, NULL);
	r = r ? -errno : 0;
	if (has_no_batch(r))
		return array_one_by_one(fd, value_size, from, count, ret_values);
	/* ENOENT: the last element was among them. */
	return r == -ENOENT && done == count ? 0 : r;
}

static const uint8_t *element(const void *array, size_t size, size_t index)
{
	return (const uint8_t *)array + index * size;
}

int batch_insert(const struct map_shape *map, const void *keys, const void *values, size_t count)
{
	size_t done = 0;

	while (!probe_is_off("batch") && done < count) {
		__u32 chunk = count - done < CHUNK ? count - done : CHUNK;
		int r = bpf_map_update_batch(map->fd, element(keys, map->key_size, done),
					     element(values, map->value_size, done), &chunk, NULL);

		if (r && has_no_batch(-errno))
			break;
		if (r)
			return -errno;
		done += chunk;
	}
	for (; done < count; done++)
		if (bpf_map_update_elem(map->fd, element(keys, map->key_size, done),
					element(values, map->value_size, done), BPF_ANY))
			return -errno;
	return 0;
}

/*
 * One by one: a batch ends at the first key that is missing, and without saying so on old kernels.
 */
int batch_delete(const struct map_shape *map, const void *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bpf_map_delete_elem(map->fd, element(keys, map->key_size, i)) &&
		    errno != ENOENT)
			return -errno;
	return 0;
}

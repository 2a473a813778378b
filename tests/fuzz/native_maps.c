/* SPDX-License-Identifier: GPL-2.0 */
/* native_maps.c - lists that are scanned: nothing here has to be fast, but all of it exact. */
#include "native_maps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#define FD_BASE	  (1 << 24)
#define MAPS_MOST 64
#define LIST_MOST 1024 /* elements of a hash or trie; then the first one makes room */

struct native_map {
	const char *name;
	const void *handle;
	struct native_shape shape;
	uint32_t count;
	uint8_t *keys; /* not of arrays */
	uint8_t *values;
};

unsigned int native_lookup_fails;

static struct native_map *maps[MAPS_MOST]; /* by descriptor; NULL = free */

static int map_add(const struct native_shape *shape, struct native_map **ret)
{
	struct native_map *map = calloc(1, sizeof(*map));
	bool is_list = shape->kind == NATIVE_HASH || shape->kind == NATIVE_TRIE;
	uint32_t room = is_list ? LIST_MOST : shape->entries;
	int i;

	for (i = 0; i < MAPS_MOST && maps[i]; i++)
		;
	if (!map || i == MAPS_MOST)
		abort();
	map->shape = *shape;
	map->keys = is_list ? calloc(room, shape->key_size) : NULL;
	map->values = calloc(room, shape->kind == NATIVE_MAPS ? sizeof(void *) : shape->value_size);
	maps[i] = map;
	if (ret)
		*ret = map;
	return FD_BASE + i;
}

static void map_free(const struct native_map *map)
{
	int i;

	for (i = 0; i < MAPS_MOST; i++)
		if (map && maps[i] == map) {
			free(map->keys);
			free(map->values);
			free(maps[i]);
			maps[i] = NULL;
			return;
		}
}

static struct native_map *map_of(int fd)
{
	if (fd < FD_BASE || fd >= FD_BASE + MAPS_MOST || !maps[fd - FD_BASE])
		abort();
	return maps[fd - FD_BASE];
}

void native_map_register(const char *name, const void *handle, const struct native_shape *shape)
{
	struct native_map *map;

	map_add(shape, &map);
	map->name = name;
	map->handle = handle;
}

int native_map_fd(const char *name)
{
	int i;

	for (i = 0; i < MAPS_MOST; i++)
		if (maps[i] && maps[i]->name && strcmp(maps[i]->name, name) == 0)
			return FD_BASE + i;
	return -1;
}

const void *native_map_handle(int fd)
{
	return map_of(fd)->handle;
}

/* --- elements -------------------------------------------------------------------------------- */

static bool is_prefix_of(const uint8_t *prefix, const uint8_t *key)
{
	uint32_t bits, length, i;

	memcpy(&bits, prefix, sizeof(bits));
	memcpy(&length, key, sizeof(length));
	if (bits > length)
		return false;
	for (i = 0; i < bits; i++)
		if ((prefix[4 + i / 8] ^ key[4 + i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

/* Index of an element, or -1. `exact`: a trie's own prefix and not the longest that matches. */
static int list_find(const struct native_map *map, const uint8_t *key, bool exact)
{
	uint32_t size = map->shape.key_size, longest = 0, bits, i;
	int found = -1;

	for (i = 0; i < map->count; i++) {
		const uint8_t *other = map->keys + (size_t)i * size;

		if (map->shape.kind == NATIVE_HASH || exact) {
			if (memcmp(other, key, size) == 0)
				return i;
			continue;
		}
		memcpy(&bits, other, sizeof(bits));
		if (is_prefix_of(other, key) && (found < 0 || bits > longest)) {
			found = i;
			longest = bits;
		}
	}
	return found;
}

static void *value_at(const struct native_map *map, const void *key)
{
	int index;

	if (map->shape.kind == NATIVE_ARRAY) {
		uint32_t element;

		memcpy(&element, key, sizeof(element));
		if (element >= map->shape.entries)
			return NULL;
		return map->values + (size_t)element * map->shape.value_size;
	}
	index = list_find(map, key, false);
	return index < 0 ? NULL : map->values + (size_t)index * map->shape.value_size;
}

static struct native_map **inner_at(const struct native_map *map, const void *key)
{
	uint32_t element;

	memcpy(&element, key, sizeof(element));
	return element < map->shape.entries ? (struct native_map **)map->values + element : NULL;
}

static int list_put(struct native_map *map, const void *key, const void *value)
{
	uint32_t size = map->shape.key_size;
	int index = list_find(map, key, true);

	if (index < 0)
		index = map->count < LIST_MOST ? map->count++ : 0;
	memcpy(map->keys + (size_t)index * size, key, size);
	memcpy(map->values + (size_t)index * map->shape.value_size, value, map->shape.value_size);
	return 0;
}

static int map_put(struct native_map *map, const void *key, const void *value)
{
	void *at;

	if (map->shape.kind != NATIVE_ARRAY)
		return list_put(map, key, value);
	at = value_at(map, key);
	if (!at)
		return -E2BIG;
	memcpy(at, value, map->shape.value_size);
	return 0;
}

/* --- what programs call ---------------------------------------------------------------------- */

/* A map that was found in another map is its own handle. */
static struct native_map *map_by_handle(const void *handle)
{
	int i;

	for (i = 0; i < MAPS_MOST; i++)
		if (maps[i] && (maps[i]->handle == handle || maps[i] == handle))
			return maps[i];
	fprintf(stderr, "a map of bpf/ is missing in native_start\n");
	abort();
}

void *native_map_lookup(const void *map, const void *key)
{
	const struct native_map *native = map_by_handle(map);
	static unsigned int lookups;

	if (native_lookup_fails && ++lookups % native_lookup_fails == 0)
		return NULL;
	if (native->shape.kind == NATIVE_MAPS)
		return inner_at(native, key) ? *inner_at(native, key) : NULL;
	return value_at(native, key);
}

long native_map_update(void *map, const void *key, const void *value, __u64 flags)
{
	return map_put(map_by_handle(map), key, value);
}

/* --- what user space calls ------------------------------------------------------------------- */

static int fail(int error)
{
	errno = -error;
	return error;
}

int bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size,
		   __u32 entries, const struct bpf_map_create_opts *opts)
{
	struct native_shape shape = {
		.kind = type == BPF_MAP_TYPE_LPM_TRIE ? NATIVE_TRIE
			: type == BPF_MAP_TYPE_HASH   ? NATIVE_HASH
						      : NATIVE_ARRAY,
		.key_size = key_size,
		.value_size = value_size,
		.entries = entries,
	};

	return map_add(&shape, NULL);
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	struct native_map *map = map_of(fd);
	int error, inner;

	if (map->shape.kind == NATIVE_MAPS) {
		memcpy(&inner, value, sizeof(inner));
		if (!inner_at(map, key))
			return fail(-E2BIG);
		map_free(*inner_at(map, key));
		*inner_at(map, key) = map_of(inner);
		return 0;
	}
	error = map_put(map, key, value);
	return error ? fail(error) : 0;
}

int bpf_map_update_batch(int fd, const void *keys, const void *values, __u32 *count,
			 const struct bpf_map_batch_opts *opts)
{
	const struct native_map *map = map_of(fd);
	uint32_t i;

	for (i = 0; i < *count; i++)
		if (bpf_map_update_elem(fd, (const uint8_t *)keys + (size_t)i * map->shape.key_size,
					(const uint8_t *)values + (size_t)i * map->shape.value_size,
					0))
			return -errno;
	return 0;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const struct native_map *map = map_of(fd);
	const void *at = value_at(map, key);

	if (!at)
		return fail(-ENOENT);
	memcpy(value, at, map->shape.value_size);
	return 0;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	struct native_map *map = map_of(fd);
	uint32_t key_size = map->shape.key_size, value_size = map->shape.value_size, last;
	int index;

	if (map->shape.kind == NATIVE_MAPS) {
		map_free(*inner_at(map, key));
		*inner_at(map, key) = NULL;
		return 0;
	}
	index = list_find(map, key, true);
	if (index < 0)
		return fail(-ENOENT);
	last = --map->count;
	memmove(map->keys + (size_t)index * key_size, map->keys + (size_t)last * key_size,
		key_size);
	memmove(map->values + (size_t)index * value_size, map->values + (size_t)last * value_size,
		value_size);
	return 0;
}

/* Only ever asked for the first one. */
int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	const struct native_map *map = map_of(fd);

	if (key)
		abort();
	if (!map->count)
		return fail(-ENOENT);
	memcpy(next_key, map->keys, map->shape.key_size);
	return 0;
}

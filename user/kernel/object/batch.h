/* SPDX-License-Identifier: GPL-2.0 */
/*
 * batch.h - many elements of a hash or LPM map at once: in few system calls where the kernel has
 * batches (5.6; for LPM tries 5.14), else one by one.
 */
#pragma once

#include <stddef.h>

struct map_shape {
	int fd;
	size_t key_size; /* at most BATCH_KEY_MAX */
	size_t value_size;
	size_t max_entries;
};

#define BATCH_KEY_MAX 64

/*
 * Read every element; the caller owns both arrays. If the map changes meanwhile, the result may
 * miss some elements or hold some twice.
 */
int batch_read(const struct map_shape *map, void **ret_keys, void **ret_values, size_t *ret_count);

/*
 * Elements `from`.. of an array with keys of 4 bytes, `count` of them, in order. Of a per-CPU array
 * `value_size` is that of all CPUs. 0 or -errno; -ENOENT: there are fewer.
 */
int batch_read_array(int fd, size_t value_size, unsigned int from, size_t count, void *ret_values);

/* `values` stand as `keys` do. What was inserted before an error stays. 0 or -errno. */
int batch_insert(const struct map_shape *map, const void *keys, const void *values, size_t count);

/* Keys that are not there are no error. */
int batch_delete(const struct map_shape *map, const void *keys, size_t count);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * native_maps.h - BPF maps as plain memory, with two faces: the helpers that programs call, and the
 * system calls of libbpf (faked with the same names), through which the tests fill and read them.
 */
#pragma once

#include <stdint.h>

#include <linux/types.h>

enum native_kind {
	NATIVE_ARRAY, /* of one CPU, where the map is per CPU */
	NATIVE_HASH,
	NATIVE_TRIE,
	NATIVE_MAPS, /* an array of maps */
};

struct native_shape {
	enum native_kind kind;
	uint32_t key_size, value_size, entries;
};

/*
 * One lookup in so many finds nothing; 0: none. In an array that cannot happen, but the verifier
 * wants a way out, and it has to be walked once.
 */
extern unsigned int native_lookup_fails;

/* A map under its name; `handle` is what programs call it by. */
void native_map_register(const char *name, const void *handle, const struct native_shape *shape);

/* Descriptor of a registered map, or -1. No descriptor of the kernel's has such a number. */
int native_map_fd(const char *name);

/* What programs would call it by. */
const void *native_map_handle(int fd);

/* What programs call: shim/bpf/bpf_helpers.h gives them their other names. */
void *native_map_lookup(const void *map, const void *key);
long native_map_update(void *map, const void *key, const void *value, __u64 flags);

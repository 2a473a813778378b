/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pieces.h - tables in pieces: arrays of maps, of which an element is made when it is needed first.
 * What nobody uses takes no memory, on any kernel. The programs take a piece that is not there for
 * an empty one, so `rule_counters` has to have those of a policy before it is committed.
 *
 * `outer` is the array's descriptor; the shapes of the pieces are those of bpf/maps.bpf.h.
 */
#pragma once

#include <stdint.h>

#include "kernel/object/maps.h"

/* -ENOENT: it has not been made. */
int piece_open(int outer, uint32_t index, int *ret_fd);

/*
 * A new one, which nobody sees yet. `entries`: how many elements it has room for; 0: as many as
 * bpf/maps.bpf.h says. Returns a descriptor or -errno.
 */
int piece_new(enum map_id id, uint32_t entries);

/* -EINVAL: this kernel (before 5.10) wants it to be as large as bpf/maps.bpf.h says. */
int piece_put(int outer, uint32_t index, int fd);

/* See to it that these `count` pieces are there. */
int pieces_make(int outer, enum map_id id, const uint32_t *indexes, size_t count);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory.h - section 11 of docs/verdict.md: what fragments hold of the kernel's memory, with every
 * fragment written down. The only part of the model that remembers anything.
 */
#pragma once

#include "view.h"

#define MEMORY_DATAGRAMS 1024
#define MEMORY_PIECES	 64
#define MEMORY_ROOM	 (4 * 1024 * 1024 / 3)

struct model_piece {
	unsigned int start, end;
	bool is_last;
};

/* What a datagram is known by, without padding, so that it can be compared as a whole. */
struct model_identity {
	uint8_t source[16], destination[16], station[6];
	uint8_t family, protocol;
	uint32_t identification, vlan;
};

struct model_datagram {
	struct model_identity identity;
	unsigned int class; /* 1 stray, 2 begun, 3 own */
	uint32_t held;
	uint32_t turn; /* of its last fragment */
	bool is_apart; /* too many others came between */
	struct model_piece pieces[MEMORY_PIECES];
	size_t count;
};

struct model_memory {
	uint32_t base[2][3]; /* held at the beginning, by family and zone */
	uint32_t held[2][3];
	uint32_t turn[2];
	struct model_datagram list[MEMORY_DATAGRAMS];
	size_t count;
};

/* Nothing is known, and the base is held. */
void memory_begin(struct model_memory *memory);

/* A fragment that would pass for `reason`, from a source with the bits `zone`. Has it room? */
bool memory_hold(struct model_memory *memory, const struct view *view, enum rw_reason reason,
		 uint64_t zone);

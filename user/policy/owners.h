/* SPDX-License-Identifier: GPL-2.0 */
/*
 * owners.h - which rule each port belongs to, from a list of rules alone.
 *
 * As in tables.h: of overlapping rules the narrowest owns the port, and the port may be reached
 * from the zones of all of them. Between two of the same width the first in the list wins.
 */
#pragma once

#include "policy/tables.h"

#define OWNERS_COUNT (2 * 65536)

struct owner {
	const struct rule *rule; /* NULL = the port is not open; points into the list given */
	uint16_t zones;
};

static inline size_t owner_index(unsigned int l4, uint16_t port)
{
	return ((size_t)l4 << 16) + port;
}

/* An array of OWNERS_COUNT by owner_index(), to be freed by the caller; NULL without memory. */
struct owner *owners_new(const struct rule *const *rules, size_t count);

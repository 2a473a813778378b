/* SPDX-License-Identifier: GPL-2.0 */
/* zone.h - the zone of a source, as the programs find it (bpf/zone.bpf.h), read from the maps. */
#pragma once

#include <stdint.h>

#include "kernel/generation/generation.h"
#include "kernel/object/maps.h"

/* RW_ZONE_* bits, management, roles of peers and sets included. An unlisted interface is external. */
uint64_t zone_find(const struct maps *maps, const struct generation *generation, uint32_t ifindex,
		   const uint8_t source[16]);

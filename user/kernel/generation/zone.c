/* SPDX-License-Identifier: GPL-2.0 */
/* zone.c - interface to slot, slot and source to zone. */
#include "kernel/generation/zone.h"

#include <arpa/inet.h>
#include <string.h>

#include <bpf/bpf.h>

uint16_t zone_find(const struct maps *maps, const struct generation *generation, uint32_t ifindex,
		   const uint8_t source[16])
{
	struct rw_interface_key where = {.ifindex = ifindex};
	struct rw_interface interface = {0};
	struct rw_policy_entry entry = {0};
	struct rw_zone_key key = {.prefixlen = 32 + 128};
	__u32 index;
	__u16 bits;

	bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &where, &interface);
	index = RW_POLICY_SLOTS + interface.slot % RW_SLOTS;
	bpf_map_lookup_elem(generation->policy_fd, &index, &entry);
	bits = entry.slot.zone ? entry.slot.zone : RW_ZONE_EXTERNAL;
	key.slot = htonl(interface.slot);
	memcpy(key.source, source, sizeof(key.source));
	if (entry.slot.has_prefixes)
		bpf_map_lookup_elem(generation->zones_fd, &key, &bits);
	return bits;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* zone.c - interface to slot, slot and source to zone. */
#include "kernel/generation/zone.h"

#include <arpa/inet.h>
#include <string.h>

#include <bpf/bpf.h>

uint64_t zone_find(const struct maps *maps, const struct generation *generation, uint32_t ifindex,
		   const uint8_t source[16])
{
	struct rw_interface_key where = {.ifindex = ifindex};
	struct rw_interface interface = {0};
	struct rw_policy_entry entry = {0};
	struct rw_zone_key key = {.prefixlen = 32 + 128};
	__u64 bits = 0;
	__u32 index;

	bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &where, &interface);
	index = RW_POLICY_SLOTS + interface.slot % RW_SLOTS;
	bpf_map_lookup_elem(generation->policy_fd, &index, &entry);
	key.list = htonl(entry.slot.list);
	memcpy(key.source, source, sizeof(key.source));
	if (entry.slot.list)
		bpf_map_lookup_elem(generation->zones_fd, &key, &bits);
	bits &= entry.slot.sets | ~RW_ZONE_SETS;
	if (bits & RW_ZONE_ALL)
		return bits;
	return bits | (entry.slot.zone ? entry.slot.zone : RW_ZONE_EXTERNAL);
}

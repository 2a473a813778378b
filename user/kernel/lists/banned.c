/* SPDX-License-Identifier: GPL-2.0 */
/* banned.c - one address against the maps and, where they are not whole, against the file. */
#include "kernel/lists/banned.h"

#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/ban_maps.h"
#include "kernel/lists/bans.h"
#include "util/clock.h"

static bool goes_on(const struct rw_ban *ban)
{
	return !ban->expires || ban->expires > (uint64_t)clock_now(CLOCK_BOOTTIME);
}

static void ban_set(const uint8_t address[16], uint8_t length, struct cidr *ret)
{
	memcpy(ret->source, address, sizeof(ret->source));
	ret->length = length;
	cidr_cut(ret);
}

/* The longest prefix is found first; one that has ended may still be there, in a wider one. */
static bool find_prefix(const struct maps *maps, const uint8_t address[16], struct cidr *ret)
{
	struct rw_prefix_key key = {.prefixlen = 128};
	struct rw_ban ban;

	memcpy(key.source, address, sizeof(key.source));
	while (bpf_map_lookup_elem(maps->fd[MAP_BAN_PREFIXES], &key, &ban) == 0) {
		if (goes_on(&ban)) {
			ban_set(address, (uint8_t)ban.length, ret);
			return true;
		}
		if (!ban.length)
			return false;
		key.prefixlen = ban.length - 1;
	}
	return false;
}

static bool find_in_kernel(const struct maps *maps, const uint8_t address[16], struct cidr *ret)
{
	struct rw_ban ban;

	if (bans_find_address(maps, address, &ban) || !goes_on(&ban))
		return find_prefix(maps, address, ret);
	ban_set(address, 128, ret);
	return true;
}

/* If not, the next open of the lists makes the maps what the file says. */
static bool is_whole(const struct maps *maps)
{
	struct rw_presence presence;
	__u32 zero = 0;

	return bpf_map_lookup_elem(maps->fd[MAP_PRESENCE], &zero, &presence) == 0 &&
	       presence.whole & 1U << RW_LIST_BANS;
}

static bool find_in_file(const struct instance *instance, const uint8_t address[16],
			 struct cidr *ret)
{
	_timeout_list_ struct timeout_list bans = {0};
	struct cidr one;

	ban_set(address, 128, &one);
	if (bans_read_file(instance, &bans, NULL))
		return false;
	for (size_t i = 0; i < bans.count; i++)
		if (cidr_overlaps(&bans.list[i].source, &one)) {
			*ret = bans.list[i].source;
			return true;
		}
	return false;
}

bool banned_find(const struct instance *instance, const uint8_t address[16], struct banned *ret)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct banned banned = {0};
	bool is_open = maps_open(instance, &maps, NULL) == 0, found;

	banned.in_kernel = is_open && find_in_kernel(&maps, address, &banned.ban);
	found = banned.in_kernel ||
		((!is_open || !is_whole(&maps)) && find_in_file(instance, address, &banned.ban));
	if (found)
		*ret = banned;
	return found;
}

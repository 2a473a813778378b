/* SPDX-License-Identifier: GPL-2.0 */
/* arrivals.c - put and forget entries of `interfaces`. */
#include "kernel/attach/arrivals.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"

const struct device *slot_device(const struct about *about, const struct devices *devices,
				 unsigned int slot)
{
	if (!about || slot >= RW_SLOTS || !about->slots[slot][0])
		return NULL;
	return device_by_name(devices, about->slots[slot]);
}

unsigned int device_slot(const struct about *about, const struct devices *devices, uint32_t ifindex)
{
	unsigned int slot;

	for (slot = 1; slot < RW_SLOTS; slot++) {
		const struct device *device = slot_device(about, devices, slot);

		if (device && device->ifindex == ifindex)
			return slot;
	}
	return 0;
}

static int arrival_put(const struct maps *maps, const struct rw_interface_key *key,
		       const struct rw_interface *value)
{
	return bpf_map_update_elem(maps->fd[MAP_INTERFACES], key, value, BPF_ANY) ? -errno : 0;
}

int arrivals_put(const struct maps *maps, const struct device *device, unsigned int slot,
		 struct cover cover)
{
	const struct rw_interface_key key = {.ifindex = device->ifindex};
	const struct rw_interface value = {
		.slot = slot, .covered = cover.covered, .answers = cover.answers};

	return arrival_put(maps, &key, &value);
}

int arrivals_uncover(const struct maps *maps, const struct device *device)
{
	const struct rw_interface_key key = {.ifindex = device->ifindex};
	struct rw_interface value;

	if (bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &key, &value))
		return errno == ENOENT ? 0 : -errno;
	value.covered = false;
	value.answers = RW_ANSWERS_NONE;
	return arrival_put(maps, &key, &value);
}

int arrivals_put_vlan(const struct maps *maps, const struct devices *devices,
		      const struct device *device, unsigned int slot)
{
	const struct rw_interface value = {.slot = slot};
	struct rw_interface_key key = {0};

	if (!device_tags(devices, device, &key.ifindex, &key.vlan))
		return 0;
	return arrival_put(maps, &key, &value);
}

bool arrivals_is_covered(const struct maps *maps, const struct device *device)
{
	const struct rw_interface_key key = {.ifindex = device->ifindex};
	struct rw_interface value;

	return bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &key, &value) == 0 && value.covered;
}

/* Is the interface, or the VLAN on it, still meant? */
static bool is_listed(const struct devices *devices, const struct about *about,
		      const struct rw_interface_key *key, const struct rw_interface *value)
{
	const struct device *device = slot_device(about, devices, value->slot);
	struct rw_interface_key now = {0};

	if (!device || !key->vlan)
		return device && device->ifindex == key->ifindex;
	return device_tags(devices, device, &now.ifindex, &now.vlan) &&
	       now.ifindex == key->ifindex && now.vlan == key->vlan;
}

/* Collected first: deleting while walking skips keys. */
int arrivals_forget(const struct maps *maps, const struct devices *devices,
		    const struct about *about)
{
	_free_ struct rw_interface_key *stale = calloc(RW_INTERFACES, sizeof(*stale));
	struct rw_interface_key *keys = NULL, next, previous;
	struct rw_interface value;
	size_t count = 0, i;

	if (!stale)
		return -ENOMEM;
	while (bpf_map_get_next_key(maps->fd[MAP_INTERFACES], keys, &next) == 0) {
		previous = next;
		keys = &previous;
		if (bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &next, &value) == 0 &&
		    !is_listed(devices, about, &next, &value) && count < RW_INTERFACES)
			stale[count++] = next;
	}
	for (i = 0; i < count; i++)
		if (bpf_map_delete_elem(maps->fd[MAP_INTERFACES], &stale[i]) && errno != ENOENT)
			return -errno;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* answers.c - who can be answered, and for which addresses. */
#include "kernel/attach/answers.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "host/networks.h"
#include "host/own_addresses.h"
#include "host/xdp_features.h"
#include "util/cleanup.h"

uint8_t device_answers(const struct device *device, enum way way)
{
	uint64_t features;

	if (way == WAY_XDP_GENERIC)
		return RW_ANSWERS_NONE;
	if (!device_is(device, "veth"))
		return RW_ANSWERS_SENT;
	if (xdp_features_read(device->ifindex, &features) || !(features & XDP_FEATURE_SENDS))
		return RW_ANSWERS_NONE;
	return RW_ANSWERS_REDIRECT;
}

/* Whether a key of a map is one of `context`. */
typedef bool (*is_kept_fn)(const void *context, const void *key);

static bool is_own(const void *context, const void *key)
{
	const struct own_addresses *own = context;

	for (size_t i = 0; i < own->count; i++)
		if (!memcmp(own->list[i], key, sizeof(own->list[i])))
			return true;
	return false;
}

static bool is_reached(const void *context, const void *key)
{
	const struct networks *networks = context;
	const struct rw_prefix_key *network = key;

	for (size_t i = 0; i < networks->count; i++) {
		const struct cidr *prefix = &networks->list[i].prefix;

		if (prefix->length == network->prefixlen &&
		    !memcmp(prefix->source, network->source, sizeof(network->source)))
			return true;
	}
	return false;
}

/* A key that is deleted under the walk begins it anew: what is found then is fewer. */
static int forget_others(int fd, is_kept_fn is_kept, const void *context)
{
	struct rw_prefix_key key, next; /* the longer one of both maps' keys */
	const void *at = NULL;

	while (bpf_map_get_next_key(fd, at, &next) == 0) {
		at = NULL;
		if (!is_kept(context, &next)) {
			if (bpf_map_delete_elem(fd, &next) && errno != ENOENT)
				return -errno;
			continue;
		}
		key = next;
		at = &key;
	}
	return 0;
}

static int networks_update(const struct maps *maps)
{
	_cleanup_(networks_free) struct networks networks = {0};
	int fd = maps->fd[MAP_NETWORKS], r = networks_read(RW_NETWORKS, &networks);

	if (!r)
		r = forget_others(fd, is_reached, &networks);
	for (size_t i = 0; !r && i < networks.count; i++) {
		const struct network *network = &networks.list[i];
		struct rw_prefix_key key = {.prefixlen = network->prefix.length};

		memcpy(key.source, network->prefix.source, sizeof(key.source));
		if (bpf_map_update_elem(fd, &key, &network->ifindex, BPF_ANY) && errno != ENOSPC)
			r = -errno;
	}
	return r;
}

/* Addresses beyond those that there is room for are passed on to the stack, as all that is not there. */
int answers_update(const struct maps *maps)
{
	_cleanup_(own_addresses_free) struct own_addresses own = {0};
	const __u32 one = 1;
	int fd = maps->fd[MAP_OWN_ADDRESSES], r = own_addresses_read(&own);

	if (!r)
		r = forget_others(fd, is_own, &own);
	for (size_t i = 0; !r && i < own.count; i++)
		if (!address_is_loopback(own.list[i]) &&
		    bpf_map_update_elem(fd, own.list[i], &one, BPF_ANY) && errno != E2BIG)
			r = -errno;
	return r ? r : networks_update(maps);
}

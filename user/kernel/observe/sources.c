/* SPDX-License-Identifier: GPL-2.0 */
/* sources.c - zone prefixes and protocols of the policy in force. */
#include "kernel/observe/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/generation/generation.h"
#include "kernel/object/batch.h"
#include "kernel/object/maps.h"
#include "util/cleanup.h"

static int prefix_add(struct sources *sources, const struct rw_zone_key *key, __u16 bits)
{
	struct prefix prefix = {.length = key->prefixlen - 32, .bits = bits};

	memcpy(prefix.source, key->source, sizeof(prefix.source));
	if (ntohl(key->slot) == RW_SLOT_NEVER_BAN)
		return bits == RW_NEVER_BAN_LISTED
			       ? prefix_list_add(&sources->never_ban, "", &prefix)
			       : 0;
	return prefix_list_add(&sources->prefixes, sources->names[ntohl(key->slot) % RW_SLOTS],
			       &prefix);
}

static int prefixes_read(const struct generation *generation, struct sources *sources)
{
	const struct map_shape map = {
		.fd = generation->zones_fd,
		.key_size = sizeof(struct rw_zone_key),
		.value_size = sizeof(__u16),
		.max_entries = RW_SOURCES,
	};
	_free_ struct rw_zone_key *keys = NULL;
	_free_ __u16 *values = NULL;
	size_t count = 0;
	int r = batch_read(&map, (void **)&keys, (void **)&values, &count);

	for (size_t i = 0; !r && i < count; i++)
		r = prefix_add(sources, &keys[i], values[i]);
	return r;
}

static int protocols_read(const struct generation *generation, struct sources *sources)
{
	for (__u32 protocol = 0; protocol < 256; protocol++) {
		__u32 index = RW_POLICY_PROTOCOLS + protocol;
		struct rw_policy_entry entry;

		if (bpf_map_lookup_elem(generation->policy_fd, &index, &entry))
			return -errno;
		sources->protocols[protocol] = entry.protocol.listed;
	}
	return 0;
}

static int sources_read_all(const struct instance *instance, const struct snapshot *snapshot,
			    struct sources *sources, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	_maps_ struct maps maps = MAPS_NONE;
	int r = maps_open(instance, &maps, ret_error);

	if (!r)
		r = generation_current(instance, &maps, &generation, ret_error);
	if (r)
		return r;
	if (generation.number != snapshot->generation)
		return error_set(ret_error, ESTALE, "the policy was changed meanwhile");
	memcpy(sources->names, generation.about->slots, sizeof(sources->names));
	r = prefixes_read(&generation, sources);
	if (!r)
		r = protocols_read(&generation, sources);
	return r ? error_set(ret_error, -r, "cannot read the policy: %s", strerror(-r)) : 0;
}

int sources_in_force(const struct instance *instance, const struct snapshot *snapshot,
		     struct sources *ret, struct error *ret_error)
{
	int r;

	*ret = (struct sources){0};
	r = sources_read_all(instance, snapshot, ret, ret_error);
	if (r)
		sources_free(ret);
	return r;
}

void sources_free(struct sources *sources)
{
	prefix_list_free(&sources->prefixes);
	prefix_list_free(&sources->never_ban);
}

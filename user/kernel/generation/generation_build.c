/* SPDX-License-Identifier: GPL-2.0 */
/*
 * generation_build.c - tables -> maps, complete, frozen and pinned before anybody sees them (I2).
 */
#include "kernel/generation/generation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/client_ports.h"
#include "kernel/generation/assign.h"
#include "kernel/generation/rule_counters.h"
#include "host/autoconf.h"
#include "kernel/object/batch.h"
#include "kernel/object/pieces.h"
#include "tables/compiled.h"
#include "policy/set_tables.h"
#include "util/cleanup.h"

static int create(enum bpf_map_type type, const char *name, __u32 key, __u32 value, __u32 entries,
		  __u32 flags, int *ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, name, key, value, entries, &opts);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int element_put(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) ? -errno : 0;
}

static int put_entry(int fd, __u32 index, struct rw_policy_entry entry)
{
	return element_put(fd, &index, &entry);
}

/* Where the sources of an interface, in the slot of that number, are asked for. */
static uint16_t list_of(const struct tables *tables, const struct interface *interface,
			unsigned int slot)
{
	if (interface->prefix_count)
		return (uint16_t)slot;
	return tables->elsewhere_count ? RW_SHARED_LIST : 0;
}

static bool asks_what_is_used(const struct tables *tables)
{
	size_t i;

	for (i = 0; i < tables->interface_count; i++)
		if (tables->interfaces[i].if_used)
			return true;
	return false;
}

static int fill_slots(int fd, const struct tables *tables, const struct about *about)
{
	_cleanup_(autoconf_free) struct autoconf autoconf = {0};
	int r;
	size_t i;

	if (asks_what_is_used(tables))
		autoconf_read(&autoconf);
	for (i = 0; i < tables->interface_count; i++) {
		const struct interface *interface = &tables->interfaces[i];
		uint8_t unused = interface->if_used & ~autoconf_uses(&autoconf, interface->name);
		unsigned int slot = slot_by_name(about, interface->name);
		struct rw_policy_entry entry = {.slot = {
							.zone = interface->zone,
							.accepts = interface->accepts & ~unused,
							.list = list_of(tables, interface, slot),
							.sets = interface->sets,
						}};

		r = put_entry(fd, RW_POLICY_SLOTS + slot, entry);
		if (r)
			return r;
	}
	return put_entry(fd, RW_POLICY_SLOTS,
			 (struct rw_policy_entry){
				 .slot = {
					 .zone = RW_ZONE_EXTERNAL,
					 /* XDP never is there: only clients' sockets see it. */
					 .accepts = RW_ACCEPTS_RA | RW_ACCEPTS_DHCP,
					 .list = tables->elsewhere_count ? RW_SHARED_LIST : 0,
					 .sets = tables->elsewhere_sets,
				 }});
}

static int fill_protocols(int fd, const struct tables *tables)
{
	struct rw_policy_entry entry = {.protocol = {.listed = 1}};
	int r, protocol;

	for (protocol = 0; protocol < 256; protocol++) {
		if (!tables->protocols[protocol])
			continue;
		r = put_entry(fd, RW_POLICY_PROTOCOLS + protocol, entry);
		if (r)
			return r;
	}
	return 0;
}

/* The number that each rule's limit has among those of the policy array; 0: it has none. */
static int fill_limits(int fd, const struct tables *tables, uint8_t *ret)
{
	_free_ struct limit *kinds = calloc(tables->rule_count + 1, sizeof(*kinds));
	size_t count = 0;
	int r = 0;

	if (!kinds)
		return -ENOMEM;
	for (size_t i = 0; i < tables->rule_count; i++) {
		size_t number = limit_number(kinds, &count, &tables->rules[i].limit);

		if (number > RW_LIMITS)
			return -ENOSPC;
		ret[i] = number;
	}
	for (size_t i = 0; !r && i < count; i++) {
		struct rw_policy_entry entry = {
			.limit = {
				.interval = kinds[i].seconds * 1000000000ULL / kinds[i].count,
				.burst = kinds[i].burst,
				.ipv4_bits = kinds[i].ipv4_bits,
				.ipv6_bits = kinds[i].ipv6_bits,
				.notes = kinds[i].ban != 0,
			}};

		r = put_entry(fd, RW_POLICY_LIMITS + i + 1, entry);
	}
	return r;
}

/* Only what is not zeros: the array starts as zeros, and zeros are closed. */
static size_t list_ports(const struct generation_request *request,
			 const struct numbered_rule *records, const uint8_t *limits, __u32 *keys,
			 struct rw_policy_entry *values)
{
	bool guarded = request->flags & RW_POLICY_BIND_OBSERVE;
	struct client_ports clients;
	size_t count = 0;

	client_ports_read(&clients);
	for (uint32_t i = 0; i < 2 * 65536; i++) {
		const struct port *port = &request->tables->ports[i];
		struct rw_policy_port entry = {
			.zones = port->zones,
			.client = guarded && is_client_port(&clients, i >> 16, i & 0xffff),
			.rule = port->zones ? records[port->rule].index : 0,
			.limit = port->zones ? limits[port->rule] : 0,
		};

		if (!entry.zones && !entry.client)
			continue;
		keys[count] = RW_POLICY_PORTS + i;
		values[count++].port = entry;
	}
	return count;
}

static int fill_ports(int fd, const struct generation_request *request,
		      const struct numbered_rule *records)
{
	const struct map_shape map = {fd, sizeof(__u32), sizeof(struct rw_policy_entry),
				      RW_POLICY_ENTRIES};
	_free_ __u32 *keys = calloc(2 * 65536, sizeof(*keys));
	_free_ struct rw_policy_entry *values = calloc(2 * 65536, sizeof(*values));
	_free_ uint8_t *limits = calloc(request->tables->rule_count + 1, sizeof(*limits));
	int r;

	if (!keys || !values || !limits)
		return -ENOMEM;
	r = fill_limits(fd, request->tables, limits);
	if (r)
		return r;
	return batch_insert(&map, keys, values, list_ports(request, records, limits, keys, values));
}

static int build_policy(const struct generation_request *request, struct generation *generation)
{
	int r;

	generation->header = (struct rw_policy_header){
		.generation = request->number,
		.flags = request->flags,
		.side = request->side,
		.echo_rate = request->tables->echo_rate,
	};
	r = create(BPF_MAP_TYPE_ARRAY, "rw_policy", sizeof(__u32), sizeof(struct rw_policy_entry),
		   RW_POLICY_ENTRIES, BPF_F_RDONLY_PROG, &generation->policy_fd);
	if (!r)
		r = fill_slots(generation->policy_fd, request->tables, generation->about);
	if (!r)
		r = fill_protocols(generation->policy_fd, request->tables);
	if (!r)
		r = fill_ports(generation->policy_fd, request, generation->rules);
	if (!r)
		r = put_entry(generation->policy_fd, 0,
			      (struct rw_policy_entry){.header = generation->header});
	if (!r && bpf_map_freeze(generation->policy_fd))
		r = -errno;
	return r;
}

static int put_prefixes(int fd, unsigned int list, const struct prefix *prefixes, size_t count)
{
	const struct map_shape map = {fd, sizeof(struct rw_zone_key), sizeof(__u64), RW_SOURCES};
	_free_ struct rw_zone_key *keys = calloc(count + 1, sizeof(*keys));
	_free_ __u64 *values = calloc(count + 1, sizeof(*values));
	size_t i;

	if (!keys || !values)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		keys[i].prefixlen = 32 + prefixes[i].length;
		keys[i].list = htonl(list);
		memcpy(keys[i].source, prefixes[i].source, sizeof(keys[i].source));
		values[i] = prefixes[i].bits;
	}
	return batch_insert(&map, keys, values, count);
}

/* What the policy names stays: a resolver that is a peer is a peer. */
static int put_lifelines(int fd, const struct lifelines *lifelines)
{
	for (size_t i = 0; lifelines && i < lifelines->count; i++) {
		struct rw_zone_key key = {.prefixlen = 32 + 128, .list = htonl(RW_NEVER_BAN_LIST)};

		memcpy(key.source, lifelines->list[i].source, sizeof(key.source));
		if (bpf_map_update_elem(fd, &key, &lifelines->list[i].bits, BPF_NOEXIST) &&
		    errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int build_zones(const struct generation_request *request, struct generation *generation)
{
	const struct tables *tables = request->tables;
	int r;
	size_t i;

	r = create(BPF_MAP_TYPE_LPM_TRIE, "rw_zones", sizeof(struct rw_zone_key), sizeof(__u64),
		   RW_SOURCES, BPF_F_NO_PREALLOC, &generation->zones_fd);
	if (!r)
		r = put_prefixes(generation->zones_fd, RW_SHARED_LIST, tables->elsewhere,
				 tables->elsewhere_count);
	for (i = 0; !r && i < tables->interface_count; i++)
		r = put_prefixes(generation->zones_fd,
				 slot_by_name(generation->about, tables->interfaces[i].name),
				 tables->interfaces[i].prefixes,
				 tables->interfaces[i].prefix_count);
	if (!r)
		r = put_prefixes(generation->zones_fd, RW_NEVER_BAN_LIST, tables->never_ban,
				 tables->never_ban_count);
	return r ? r : put_lifelines(generation->zones_fd, request->lifelines);
}

/* So many at a time. */
#define RECORDS_WRITTEN 256

static int put_records(const struct generation *generation)
{
	const struct map_shape map = {generation->rules_fd, sizeof(__u32),
				      sizeof(struct rule_record), generation->about->rule_count};
	_free_ struct rule_record *records = calloc(RECORDS_WRITTEN, sizeof(*records));
	__u32 keys[RECORDS_WRITTEN], count = 0;
	int r = records ? 0 : -ENOMEM;

	for (uint32_t i = 0; !r && i < generation->about->rule_count; i++) {
		keys[count] = i;
		rule_to_record(&generation->rules[i], &records[count++]);
		if (count < RECORDS_WRITTEN && i + 1 < generation->about->rule_count)
			continue;
		r = batch_insert(&map, keys, records, count);
		count = 0;
	}
	return r;
}

static int build_rules(struct generation *generation)
{
	uint32_t count = generation->about->rule_count;
	int r = create(BPF_MAP_TYPE_ARRAY, "rw_rules", sizeof(__u32), sizeof(struct rule_record),
		       count ? count : 1, 0, &generation->rules_fd);

	return r ? r : put_records(generation);
}

static int build_about(struct generation *generation)
{
	struct about_record record;
	__u32 zero = 0;
	int r;

	about_to_record(generation->about, &record);
	r = create(BPF_MAP_TYPE_ARRAY, "rw_about", sizeof(__u32), sizeof(record), 1, 0,
		   &generation->about_fd);
	return r ? r : element_put(generation->about_fd, &zero, &record);
}

static int build_text(const char *text, struct generation *generation)
{
	uint32_t size = generation->about->text_size;
	uint32_t pieces = size / TEXT_PIECE + 1, piece;
	char buffer[TEXT_PIECE];
	int r;

	r = create(BPF_MAP_TYPE_ARRAY, "rw_text", sizeof(__u32), TEXT_PIECE, pieces, 0,
		   &generation->text_fd);
	for (piece = 0; !r && piece < pieces; piece++) {
		size_t from = (size_t)piece * TEXT_PIECE, left = size - from;

		memset(buffer, 0, sizeof(buffer));
		if (left)
			memcpy(buffer, text + from, left < TEXT_PIECE ? left : TEXT_PIECE);
		r = element_put(generation->text_fd, &piece, buffer);
	}
	return r;
}

static void about_fill(const struct generation_request *request, struct about *about)
{
	const struct tables *tables = request->tables;
	size_t i, used = 0;

	about->applied_at = time(NULL);
	about->rule_count = tables->rule_count;
	about->previous = request->previous;
	snprintf(about->node, sizeof(about->node), "%s", tables->node);
	snprintf(about->profile, sizeof(about->profile), "%s", tables->profile);
	snprintf(about->node_file, sizeof(about->node_file), "%s", request->node_file);
	for (i = 0; i < tables->set_count && i < RW_SETS; i++)
		set_label(&tables->sets[i], about->sets[i]);
	for (i = 0; i < tables->role_count && used < sizeof(about->roles); i++)
		used += snprintf(about->roles + used, sizeof(about->roles) - used, "%s%s",
				 i ? "," : "", tables->roles[i]);
}

static int pin(const struct instance *instance, uint32_t number, const char *name, int fd)
{
	char directory[32], path[4096];
	int r;

	snprintf(directory, sizeof(directory), "generation-%u", number);
	r = pin_path(instance, directory, name, path, sizeof(path));
	if (r)
		return r;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

static int pin_all(const struct instance *instance, const struct generation *generation)
{
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/generation-%u", instance->bpffs_dir, generation->number);
	if (mkdir(path, 0750) && errno != EEXIST)
		return -errno;
	r = pin(instance, generation->number, "policy", generation->policy_fd);
	if (!r)
		r = pin(instance, generation->number, "zones", generation->zones_fd);
	if (!r)
		r = pin(instance, generation->number, "rules", generation->rules_fd);
	if (!r)
		r = pin(instance, generation->number, "about", generation->about_fd);
	if (!r)
		r = pin(instance, generation->number, "text", generation->text_fd);
	return r;
}

static int allocate(const struct generation_request *request, struct generation *generation)
{
	generation->number = request->number;
	generation->about = calloc(1, sizeof(*generation->about));
	generation->rules = calloc(request->tables->rule_count + 1, sizeof(*generation->rules));
	if (!generation->about || !generation->rules)
		return -ENOMEM;
	about_fill(request, generation->about);
	return assign_slots(request->tables, request->current->about, generation->about);
}

/* No program counts there yet; what another rule has left there is counted on in its reasons. */
static int settle_counters(const struct maps *maps, const struct numbered_rule *records,
			   const bool *fresh, size_t count)
{
	_free_ bool *unused = calloc(RW_RULES, sizeof(*unused));
	_free_ bool *needed = calloc(RW_RULES, sizeof(*needed));
	int r;

	if (!unused || !needed)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		unused[records[i].index] |= fresh[i];
		needed[records[i].index] = true;
	}
	r = rule_counters_make(maps, needed);
	return r ? r : rule_counters_settle(maps, unused);
}

/* The rows of times are made for the first policy that has a limit. */
static int make_limits(const struct maps *maps, const struct tables *tables)
{
	const uint32_t zero = 0;

	for (size_t i = 0; i < tables->rule_count; i++)
		if (tables->rules[i].limit.count)
			return pieces_make(maps->fd[MAP_LIMIT_TIMES], MAP_LIMIT_TIMES, &zero, 1);
	return 0;
}

static int number_rules(const struct generation_request *request, struct generation *generation)
{
	size_t count = request->tables->rule_count;
	_free_ bool *fresh = calloc(count + 1, sizeof(*fresh));
	int r;

	if (!fresh)
		return -ENOMEM;
	r = assign_rules(request->tables, request->current, generation->rules, fresh);
	return r ? r : settle_counters(request->maps, generation->rules, fresh, count);
}

static int build_maps(const struct generation_request *request, struct generation *generation)
{
	_free_ char *text = NULL;
	size_t size = 0;
	int r = compiled_write(request->tables, request->flags, &text, &size);

	generation->about->text_size = size;
	if (!r)
		r = build_policy(request, generation);
	if (!r)
		r = build_zones(request, generation);
	if (!r)
		r = build_rules(generation);
	if (!r)
		r = build_about(generation);
	return r ? r : build_text(text, generation);
}

int generation_build(const struct instance *instance, const struct generation_request *request,
		     struct generation *ret, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	int r;

	/* I4: one that never got as far as its commit. */
	r = generation_remove(instance, request->number);
	if (!r)
		r = allocate(request, &generation);
	if (!r)
		r = number_rules(request, &generation);
	if (!r)
		r = make_limits(request->maps, request->tables);
	if (!r)
		r = build_maps(request, &generation);
	if (!r)
		r = pin_all(instance, &generation);
	if (r) {
		generation_remove(instance, request->number);
		return error_set(ret_error, -r, "cannot build generation %u: %s", request->number,
				 r == -ENOSPC ? "too many interfaces or prefixes" : strerror(-r));
	}
	*ret = generation;
	generation = (struct generation)GENERATION_NONE;
	return 0;
}

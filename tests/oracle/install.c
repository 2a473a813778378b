/* SPDX-License-Identifier: GPL-2.0 */
/* install.c - a model's policy into the maps of the instance under test. */
#include "subject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"
#include "memory.h"

#define KEY_MOST 64 /* bytes of the longest key */

#define LIMIT_INTERVAL 10000000000ULL /* ns: a test takes no token's time */
#define LIMIT_BURST    10
#define LIMIT_PLACES   512 /* elements that are set */

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int map_clear(int fd)
{
	uint8_t key[KEY_MOST];

	while (bpf_map_get_next_key(fd, NULL, key) == 0)
		if (bpf_map_delete_elem(fd, key) < 0)
			return -errno;
	return 0;
}

static int map_put(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) < 0 ? -errno : 0;
}

static int inner_make(const struct subject_inner *inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = inner->flags);
	int fd = bpf_map_create(inner->type, NULL, inner->key_size, inner->value_size,
				inner->max_entries, &options);

	return fd < 0 ? -errno : fd;
}

/* Descriptor of a new piece of a table, or -errno. */
static int piece_make(const struct subject *subject, const char *table, uint32_t index,
		      const struct subject_inner *inner)
{
	int r, fd = inner_make(inner);

	if (fd < 0)
		return fd;
	r = map_put(subject_map(subject, table), &index, &fd);
	if (r)
		close(fd);
	return r ? r : fd;
}

int subject_pieces_make(struct subject *subject)
{
	const struct subject_inner bans = {BPF_MAP_TYPE_HASH, 16, sizeof(struct rw_ban), RW_BANS,
					   BPF_F_NO_PREALLOC};
	const struct subject_inner times = {BPF_MAP_TYPE_ARRAY, 4, 8,
					    RW_LIMIT_ROWS * RW_LIMIT_PLACES, 0};
	const struct subject_inner rules = {BPF_MAP_TYPE_PERCPU_ARRAY, 4,
					    sizeof(struct rw_rule_counter), RW_RULE_PIECE, 0};
	const struct subject_inner callers = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct rw_caller_set),
					      RW_CALLER_SETS, 0};
	int *const fds[] = {&subject->bans, &subject->limit_times, &subject->rules[0],
			    &subject->rules[1], &subject->callers};

	subject->bans = piece_make(subject, "bans", 0, &bans);
	subject->limit_times = piece_make(subject, "limit_times", 0, &times);
	subject->rules[0] = piece_make(subject, "rule_counters", 0, &rules);
	subject->rules[1] = piece_make(subject, "rule_counters", RW_RULE_PIECES - 1, &rules);
	subject->callers = piece_make(subject, "callers", 0, &callers);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (*fds[i] < 0)
			return *fds[i];
	return 0;
}

static void entries_fill(const struct model_policy *policy, struct rw_policy_entry *entries)
{
	entries[0].header = (struct rw_policy_header){
		.generation = 1,
		.flags = policy->flags,
		.side = policy->side,
		.echo_rate = policy->echo_rate,
	};
	for (size_t i = 0; i < RW_SLOTS; i++) {
		entries[RW_POLICY_SLOTS + i].slot.zone = policy->slots[i].zone;
		entries[RW_POLICY_SLOTS + i].slot.list = policy->slots[i].list;
		entries[RW_POLICY_SLOTS + i].slot.sets = policy->slots[i].sets;
		entries[RW_POLICY_SLOTS + i].slot.accepts = policy->slots[i].accepts;
	}
	for (size_t i = 0; i < 256; i++)
		entries[RW_POLICY_PROTOCOLS + i].protocol.listed = policy->protocols[i];
	for (size_t i = 0; i < 2 * 65536; i++) {
		const struct model_port *port = &policy->ports[i >> 16][i & 0xffff];

		entries[RW_POLICY_PORTS + i].port.zones = port->zones;
		entries[RW_POLICY_PORTS + i].port.rule = port->rule;
		entries[RW_POLICY_PORTS + i].port.limit = port->limit;
	}
	for (size_t i = 0; i < MODEL_LIMITS; i++)
		entries[RW_POLICY_LIMITS + i + 1].limit = (struct rw_policy_limit){
			.interval = LIMIT_INTERVAL,
			.burst = LIMIT_BURST,
			.ipv4_bits = policy->limits[i].ipv4_bits,
			.ipv6_bits = policy->limits[i].ipv6_bits,
		};
}

/* Before 5.6 one by one; what is zero is so from the beginning. */
static int entries_put(int fd, const struct rw_policy_entry *entries)
{
	static const struct rw_policy_entry none;
	_free_ uint32_t *keys = calloc(RW_POLICY_ENTRIES, sizeof(*keys));
	uint32_t count = RW_POLICY_ENTRIES;
	int error = 0;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < RW_POLICY_ENTRIES; i++)
		keys[i] = i;
	if (bpf_map_update_batch(fd, keys, entries, &count, NULL) == 0)
		return 0;
	for (uint32_t i = 0; !error && i < RW_POLICY_ENTRIES; i++)
		if (memcmp(&entries[i], &none, sizeof(none)))
			error = map_put(fd, &keys[i], &entries[i]);
	return error;
}

static int policy_array_make(const struct subject *subject, const struct model_policy *policy)
{
	_free_ struct rw_policy_entry *entries = calloc(RW_POLICY_ENTRIES, sizeof(*entries));
	_close_ int fd = inner_make(&subject->policy_inner);
	int error;

	if (fd < 0)
		return fd;
	if (!entries)
		return -ENOMEM;
	entries_fill(policy, entries);
	error = entries_put(fd, entries);
	return error ? error : TAKE_FD(fd);
}

static int policy_put(const struct subject *subject, const struct model_policy *policy)
{
	int outer = subject_map(subject, "policy");
	_close_ int fd = -1;
	const uint32_t zero = 0;

	if (!policy->in_force) {
		bpf_map_delete_elem(outer, &zero); /* fails if there was none, which is as well */
		return 0;
	}
	fd = policy_array_make(subject, policy);
	return fd < 0 ? fd : map_put(outer, &zero, &fd);
}

static int zone_prefixes_put(const struct subject *subject, const struct model_policy *policy,
			     uint32_t side)
{
	_close_ int fd = inner_make(&subject->prefixes_inner);
	int error = fd < 0 ? fd : 0;

	for (size_t i = 0; !error && i < policy->zone_prefixes[side].count; i++) {
		const struct model_zone_prefix *entry = &policy->zone_prefixes[side].list[i];
		struct rw_zone_key key = {.prefixlen = 32 + entry->prefix.length};

		key.list = htonl(entry->list);
		memcpy(key.source, entry->prefix.source, 16);
		error = map_put(fd, &key, &entry->bits);
	}
	return error ? error : map_put(subject_map(subject, "zone_prefixes"), &side, &fd);
}

static int interfaces_put(const struct subject *subject, const struct model_policy *policy)
{
	int fd = subject_map(subject, "interfaces"), error = map_clear(fd);

	for (size_t i = 0; !error && i < policy->interfaces.count; i++) {
		const struct model_interface *entry = &policy->interfaces.list[i];
		struct rw_interface_key key = {.ifindex = entry->ifindex, .vlan = entry->vlan};
		struct rw_interface value = {.slot = entry->slot, .covered = entry->covered};

		error = map_put(fd, &key, &value);
	}
	return error;
}

/* The programs do not look at the expiry of a ban: here each one is over. */
static int bans_put(const struct subject *subject, const struct model_policy *policy)
{
	int single = subject->bans, prefixes = subject_map(subject, "ban_prefixes");
	const struct rw_ban value = {.expires = 1, .length = 1};
	int error = map_clear(single);

	if (!error)
		error = map_clear(prefixes);
	for (size_t i = 0; !error && i < policy->bans.count; i++)
		error = map_put(single, policy->bans.list[i].source, &value);
	for (size_t i = 0; !error && i < policy->ban_prefixes.count; i++) {
		struct rw_prefix_key key = {.prefixlen = policy->ban_prefixes.list[i].length};

		memcpy(key.source, policy->ban_prefixes.list[i].source, 16);
		error = map_put(prefixes, &key, &value);
	}
	return error;
}

static int openings_put(const struct subject *subject, const struct model_policy *policy)
{
	int fd = subject_map(subject, "openings"), error = map_clear(fd);

	for (size_t i = 0; !error && i < policy->openings.count; i++) {
		const struct model_opening *opening = &policy->openings.list[i];
		struct rw_opening_key key = {.prefixlen = 32 + opening->prefix.length};
		struct rw_opening value = {.expires = opening->expired ? 1 : UINT64_MAX, .id = 1};

		key.l4 = opening->l4;
		key.port = htons(opening->port);
		memcpy(key.source, opening->prefix.source, 16);
		error = map_put(fd, &key, &value);
	}
	return error;
}

/*
 * A stale conversation is over since a moment ago. On a machine that has not been up for so long it
 * was renewed before that began, in numbers below zero.
 */
static int flows_put(const struct subject *subject, const struct model_policy *policy)
{
	const uint64_t age = RW_CONVERSATION_NS + 2 * 1000000000ULL, now = monotonic_ns();
	int fd = subject_map(subject, "conversations"), error = map_clear(fd);

	for (size_t i = 0; !error && i < policy->flows.count; i++) {
		const struct model_flow *flow = &policy->flows.list[i];
		struct rw_conversation_key key = {0};
		struct rw_conversation value = {.last = flow->stale ? now - age : now};

		memcpy(key.remote, flow->remote, 16);
		memcpy(key.local, flow->local, 16);
		key.remote_port = htons(flow->remote_port);
		key.local_port = htons(flow->local_port);
		error = map_put(fd, &key, &value);
	}
	return error;
}

/* The base is held since a few seconds ago, and once more since a time that is over. */
static void room_fill(uint32_t base, uint32_t now, struct rw_fragment_room *room)
{
	uint32_t recent = now - 1, over = now - 5 - 2;

	room->windows[recent % RW_FRAGMENT_WINDOWS].number = recent;
	room->windows[recent % RW_FRAGMENT_WINDOWS].bytes = base;
	room->windows[over % RW_FRAGMENT_WINDOWS].number = over;
	room->windows[over % RW_FRAGMENT_WINDOWS].bytes = RW_FRAGMENT_ROOM;
}

int subject_rooms(const struct subject *subject, const struct model_memory *memory, uint64_t secret)
{
	uint32_t now = monotonic_ns() / RW_FRAGMENT_WINDOW_NS;
	int fd = subject_map(subject, "fragment_rooms"), error = 0;
	const uint32_t zero = 0;

	for (uint32_t i = 0; !error && i < RW_FRAGMENT_ROOMS; i++) {
		struct rw_fragment_room room = {0};

		/* On a machine that has just booted there is no time before. */
		if (i % 4 < 3 && memory && now > 8)
			room_fill(memory->base[i / 4][i % 4], now, &room);
		error = map_put(fd, &i, &room);
	}
	/* Another secret: whatever is in the table is nobody's. */
	return error ? error : map_put(subject_map(subject, "fragment_secret"), &zero, &secret);
}

/* As docs/verdict.md has it, section 13. */
static uint32_t bucket_place(const struct subject *subject, const struct model_bucket *bucket,
			     unsigned int row)
{
	const __u64 *seeds = ((const struct rw_seeds *)subject_seeds(subject))->words;
	uint64_t a, b, g, h;

	memcpy(&a, bucket->source.source, 8);
	memcpy(&b, bucket->source.source + 8, 8);
	g = (a ^ a >> 32) * seeds[0] + (b ^ b >> 32) * seeds[1] + (bucket->rule + 1ULL) * seeds[2];
	h = (g ^ g >> 32) * seeds[3];
	return row == 0 ? h >> 47 : 131072 + (h >> 28) % 131072;
}

/* It has its last token, or none for a while. */
static int bucket_put(const struct subject *subject, const struct model_bucket *bucket,
		      uint32_t places[2])
{
	const uint64_t spent = monotonic_ns() + (LIMIT_BURST - 1) * LIMIT_INTERVAL + 60000000000ULL;
	const uint64_t left = monotonic_ns() + (LIMIT_BURST - 1) * LIMIT_INTERVAL - 1;
	int fd = subject->limit_times, error = 0;

	for (unsigned int row = 0; !error && row < 2; row++) {
		bool has = bucket->left == MODEL_LEFT_SOMETHING ||
			   (bucket->left == MODEL_LEFT_IN_ONE_ROW && row == bucket->port % 2);

		places[row] = bucket_place(subject, bucket, row);
		error = map_put(fd, &places[row], has ? &left : &spent);
	}
	return error;
}

static int buckets_put(const struct subject *subject, const struct model_policy *policy)
{
	static uint32_t places[LIMIT_PLACES];
	static size_t count;
	int fd = subject->limit_times, error = 0;
	const uint64_t never = 0;

	while (!error && count)
		error = map_put(fd, &places[--count], &never);
	for (size_t i = 0; !error && i < policy->buckets.count; i++, count += 2)
		error = bucket_put(subject, &policy->buckets.list[i], &places[count]);
	return error;
}

static int bound_put(const struct subject *subject, const struct model_policy *policy)
{
	int fd = subject_map(subject, "bound_peers"), error = map_clear(fd);

	for (size_t i = 0; !error && i < policy->bound.count; i++) {
		const struct model_socket *socket = &policy->bound.list[i];
		struct rw_bound_key key = {
			.remote_port = htons(socket->remote_port),
			.local_port = htons(socket->local_port),
		};
		uint32_t device = 1;

		memcpy(key.remote, socket->remote, 16);
		memcpy(key.local, socket->local, 16);
		error = map_put(fd, &key, &device);
	}
	return error;
}

/* The policy in force is changed where it stands. */
int subject_change(const struct subject *subject, const struct model_policy *policy, uint16_t port)
{
	const struct rw_policy_entry header = {.header = {.generation = 1,
							  .flags = policy->flags,
							  .side = policy->side,
							  .echo_rate = policy->echo_rate}};
	const struct rw_policy_entry entry = {
		.port = {.zones = policy->ports[RW_L4_UDP][port].zones,
			 .rule = policy->ports[RW_L4_UDP][port].rule}};
	const uint32_t zero = 0, index = RW_POLICY_PORTS + (RW_L4_UDP << 16) + port;
	uint32_t id;
	_close_ int fd = -1;
	int error;

	if (bpf_map_lookup_elem(subject_map(subject, "policy"), &zero, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	error = map_put(fd, &zero, &header);
	if (!error)
		error = map_put(fd, &index, &entry);
	if (!error)
		error = openings_put(subject, policy);
	return error ? error : map_put(subject_map(subject, "presence"), &zero, &policy->presence);
}

int subject_install(const struct subject *subject, const struct model_policy *policy)
{
	const uint32_t zero = 0;
	int error = policy_put(subject, policy);

	for (uint32_t side = 0; !error && side < 2; side++)
		error = zone_prefixes_put(subject, policy, side);
	if (!error)
		error = interfaces_put(subject, policy);
	if (!error)
		error = bans_put(subject, policy);
	if (!error)
		error = openings_put(subject, policy);
	if (!error)
		error = flows_put(subject, policy);
	if (!error)
		error = bound_put(subject, policy);
	if (!error)
		error = buckets_put(subject, policy);
	if (!error)
		error = map_put(subject_map(subject, "presence"), &zero, &policy->presence);
	if (!error && policy->openings.count % 4)
		error = subject_filter(subject, policy);
	if (error)
		fprintf(stderr, "oracle: putting a policy into the maps: %s\n", strerror(-error));
	return error;
}

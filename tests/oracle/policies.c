/* SPDX-License-Identifier: GPL-2.0 */
/* policies.c - random policies, full of edges. */
#include "policies.h"

#include <stdlib.h>
#include <string.h>

#include "addresses.h"
#include "memory.h"
#include "sockets.h"
#include "tracked.h"

#define NEVER_BAN_MOST 6
#define LIST_MOST      24 /* elements that a list can hold; zone_prefixes has these beside them */

static const uint16_t ports_popular[] = {0,    22,    25,    53,    67,	   68,	 80,
					 443,  546,   547,   993,   5432,  6071, 7025,
					 7026, 20000, 40000, 40001, 65534, 65535};

static int any_family(struct random *random)
{
	return random_chance(random, 50) ? 4 : 6;
}

static uint8_t zone_random(struct random *random)
{
	static const uint8_t zones[] = {RW_ZONE_EXTERNAL, RW_ZONE_INTERNAL, RW_ZONE_VPN};

	return RANDOM_OF(random, zones);
}

/* A few roles of a cluster's peers, the highest bit among them; or nobody. */
static uint16_t peers_random(struct random *random)
{
	uint16_t peers = random_chance(random, 20) ? RW_ZONE_NOBODY : 0;

	for (unsigned int i = 0; i < 2; i++)
		peers |= RW_ZONE_PEER(RW_PEER_ROLES - 1 - random_below(random, 4));
	return random_chance(random, 20) ? RW_ZONE_NOBODY : peers;
}

/* A few sets, the lowest bit and the highest among them; seldom none. */
static uint64_t sets_random(struct random *random)
{
	static const uint8_t numbers[] = {0, 0, 1, 15, 16, 31, 32, RW_SETS - 1, RW_SETS - 1};
	uint64_t sets = 0;

	for (unsigned int i = random_below(random, 4); i > 0; i--)
		sets |= RW_ZONE_SET(RANDOM_OF(random, numbers));
	return sets;
}

static uint16_t port_random(struct random *random)
{
	if (random_chance(random, 80))
		return RANDOM_OF(random, ports_popular);
	return random_below(random, 65536);
}

/* The first eight between them have every flag in every state; later ones are diced. */
static void flags_set(struct model_policy *policy, struct random *random, unsigned int number)
{
	policy->in_force = number < 8 ? number != 3 : !random_chance(random, 3);
	policy->flags = RW_POLICY_ENFORCE | RW_POLICY_FRAGMENTS_DROP;
	if (number < 8 ? number == 1 : random_chance(random, 20))
		policy->flags &= ~RW_POLICY_ENFORCE;
	if (number < 8 ? number == 2 : random_chance(random, 6))
		policy->flags |= RW_POLICY_IPV6_DROP;
	if (number < 8 ? number % 2 : random_chance(random, 50))
		policy->flags &= ~RW_POLICY_FRAGMENTS_DROP;
	if (random_chance(random, 50))
		policy->flags |= RW_POLICY_BIND_OBSERVE;
	policy->side = random_below(random, 2);
	policy->echo_rate = (number < 8 ? number % 4 < 2 : random_chance(random, 50)) ? 65535 : 0;
}

static uint32_t slot_random(struct random *random)
{
	return random_chance(random, 60) ? POLICIES_BUSY_SLOT + random_below(random, 2)
					 : random_below(random, POLICIES_SLOTS);
}

/* Several slots share one; that of the bans is nobody's zone. */
static uint32_t list_random(struct random *random)
{
	return random_chance(random, 40) ? RW_SHARED_LIST : 1 + slot_random(random);
}

static void slots_set(struct model_policy *policy, struct random *random)
{
	for (size_t i = 0; i < POLICIES_SLOTS; i++) {
		policy->slots[i].zone = random_chance(random, 10) ? 0 : zone_random(random);
		policy->slots[i].list = random_chance(random, 70) ? list_random(random) : 0;
		policy->slots[i].sets =
			random_chance(random, 50) ? RW_ZONE_SETS : sets_random(random);
		policy->slots[i].accepts = random_below(random, 4);
	}
	policy->slots[RW_SLOTS - 1].zone = zone_random(random);
}

static void protocols_set(struct model_policy *policy, struct random *random)
{
	static const uint8_t candidates[] = {0,	 1,  2,	 4,  6,	  17,  41,  47, 50,
					     51, 58, 59, 89, 112, 132, 253, 255};

	for (size_t i = 0; i < sizeof(candidates); i++)
		policy->protocols[candidates[i]] = random_chance(random, 40);
}

/*
 * One rule after the other: single ports and ranges; a later rule takes ports from an earlier one.
 */
static void ports_set(struct model_policy *policy, struct random *random)
{
	unsigned int rules = 10 + random_below(random, POLICIES_RULES - 10);

	for (unsigned int i = 0; i < rules; i++) {
		struct model_port entry = {.rule = i == 0 ? RW_RULES - 1 : i * 3};
		uint32_t port = port_random(random), length = 1;
		unsigned int l4 = random_below(random, 2);

		entry.zones = random_chance(random, 30) ? RW_ZONE_ALL
							: 1 + random_below(random, RW_ZONE_ALL);
		if (random_chance(random, 15))
			entry.zones =
				(random_chance(random, 50) ? entry.zones : 0) | RW_ZONE_MANAGEMENT;
		if (random_chance(random, 30))
			entry.zones = peers_random(random);
		if (random_chance(random, 30))
			entry.zones =
				(random_chance(random, 50) ? entry.zones : 0) | sets_random(random);
		if (random_chance(random, 20))
			length = 1 + random_below(random, 20000);
		for (uint32_t at = port; at < port + length && at < 65536; at++)
			policy->ports[l4][at] = entry;
	}
}

/* Sources of a limited port: how its buckets are cut, and what is left in them. */
static void bucket_add(struct model_policy *policy, struct random *random, uint16_t port)
{
	const struct model_port *entry = &policy->ports[RW_L4_TCP][port];
	struct model_bucket *bucket = &policy->buckets.list[policy->buckets.count];
	const struct model_limit *limit;
	unsigned int family = any_family(random), length;

	if (!entry->limit || policy->buckets.count == LIST_MOST)
		return;
	limit = &policy->limits[entry->limit - 1];
	length = family == 4 ? 96 + limit->ipv4_bits : limit->ipv6_bits;
	*bucket = (struct model_bucket){
		.source.length = length,
		.port = port,
		.rule = entry->rule,
		.limit = entry->limit,
		.left = random_chance(random, 50) ? MODEL_LEFT_NOTHING : random_below(random, 3)};
	address_random(random, family, bucket->source.source);
	for (unsigned int bit = length; bit < 128; bit++)
		bucket->source.source[bit / 8] &= ~(0x80 >> bit % 8);
	for (size_t i = 0; i < policy->buckets.count; i++)
		if (policy->buckets.list[i].rule == bucket->rule &&
		    !memcmp(policy->buckets.list[i].source.source, bucket->source.source, 16))
			return;
	policy->buckets.count++;
}

static void limits_set(struct model_policy *policy, struct random *random)
{
	static const struct model_limit limits[] = {{32, 64}, {24, 56}, {1, 1}, {8, 33}, {31, 63}};
	uint8_t of_rule[3 * POLICIES_RULES];

	for (size_t i = 0; i < MODEL_LIMITS; i++)
		policy->limits[i] = RANDOM_OF(random, limits);
	for (size_t i = 0; i < sizeof(of_rule); i++)
		of_rule[i] = random_below(random, MODEL_LIMITS + 1);
	for (size_t i = 0; i < 2 * 65536; i++) {
		struct model_port *entry = &policy->ports[i >> 16][i & 0xffff];

		/* One of UDP says nothing. */
		if (entry->zones)
			entry->limit = of_rule[entry->rule % sizeof(of_rule)];
	}
	for (size_t i = 0; i < 20 * LIST_MOST; i++)
		bucket_add(policy, random, port_random(random));
}

static bool is_same_prefix(const struct model_prefix *a, const struct model_prefix *b)
{
	return a->length == b->length && memcmp(a->source, b->source, 16) == 0;
}

static void zone_prefixes_set(struct model_policy *policy, struct random *random, unsigned int side)
{
	struct model_zone_prefix *list = policy->zone_prefixes[side].list;
	size_t count = random_below(random, LIST_MOST + 1);

	for (size_t i = 0; i < count; i++) {
		struct model_zone_prefix entry = {.list = list_random(random)};
		bool twice = false;

		prefix_random(random, any_family(random), &entry.prefix);
		entry.bits = random_chance(random, 40) ? 0 : zone_random(random);
		if (random_chance(random, 50))
			entry.bits |= sets_random(random);
		if (random_chance(random, 15))
			entry.bits |= RW_ZONE_MANAGEMENT;
		if (random_chance(random, 40))
			entry.bits |= peers_random(random) & RW_ZONE_PEERS;
		for (size_t j = 0; j < policy->zone_prefixes[side].count; j++)
			twice |= list[j].list == entry.list &&
				 is_same_prefix(&list[j].prefix, &entry.prefix);
		if (!twice)
			list[policy->zone_prefixes[side].count++] = entry;
	}
}

static void interface_add(struct model_policy *policy, struct random *random, uint32_t ifindex,
			  uint32_t vlan)
{
	struct model_interface *entry = &policy->interfaces.list[policy->interfaces.count];

	for (size_t i = 0; i < policy->interfaces.count; i++)
		if (policy->interfaces.list[i].ifindex == ifindex &&
		    policy->interfaces.list[i].vlan == vlan)
			return;
	*entry = (struct model_interface){.ifindex = ifindex, .vlan = vlan};
	entry->slot = random_chance(random, 5) ? RW_SLOTS - 1 : slot_random(random);
	entry->covered = random_chance(random, 15);
	policy->interfaces.count++;
}

static void interfaces_set(struct model_policy *policy, struct random *random)
{
	static const uint32_t vlans[] = {1, 2, 100, 4095, 5 | 6 << 12, 6 | 5 << 12, 4095 << 12};

	for (uint32_t i = 0; i < POLICIES_DEVICES; i++) {
		if (random_chance(random, 80))
			interface_add(policy, random, POLICIES_IFINDEX + i, 0);
		for (unsigned int j = random_below(random, 4); j > 0; j--)
			interface_add(policy, random, POLICIES_IFINDEX + i,
				      RANDOM_OF(random, vlans));
	}
	/* XDP's packets come from here where the kernel cannot be told another device. */
	if (random_chance(random, 80))
		interface_add(policy, random, POLICIES_LOOPBACK, 0);
	/*
	 * There are always interfaces that the cgroup hook judges: a listed one, an unlisted one.
	 */
	for (size_t i = 0; i < policy->interfaces.count; i++)
		if (policy->interfaces.list[i].ifindex == POLICIES_IFINDEX)
			policy->interfaces.list[i].covered = false;
}

static void bans_set(struct model_policy *policy, struct random *random)
{
	for (size_t i = random_below(random, 5); i > 0; i--) {
		struct model_prefix *ban = &policy->bans.list[policy->bans.count++];

		address_random(random, any_family(random), ban->source);
		ban->length = 128;
	}
	for (size_t i = random_below(random, 4); i > 0; i--) {
		struct model_prefix *ban = &policy->ban_prefixes.list[policy->ban_prefixes.count];

		prefix_random(random, any_family(random), ban);
		/*
		 * An address is none of the prefixes. A ban of everybody would hide all that comes
		 * after it: seldom.
		 */
		if (ban->length < 128 && (ban->length % 96 > 1 || random_chance(random, 3)))
			policy->ban_prefixes.count++;
	}
}

/*
 * Whom no ban reaches: some that are banned, prefixes around and inside bans, and among them some
 * that take a part out again.
 */
static void never_ban_set(struct model_policy *policy, struct random *random, unsigned int side)
{
	struct model_zone_prefix *list = policy->zone_prefixes[side].list;

	for (size_t i = random_below(random, NEVER_BAN_MOST + 1); i > 0; i--) {
		struct model_zone_prefix entry = {.list = RW_NEVER_BAN_LIST};
		bool twice = false;

		prefix_random(random, any_family(random), &entry.prefix);
		if (policy->bans.count && random_chance(random, 50))
			entry.prefix = policy->bans.list[random_below(random, policy->bans.count)];
		else if (policy->ban_prefixes.count && random_chance(random, 50))
			entry.prefix =
				policy->ban_prefixes
					.list[random_below(random, policy->ban_prefixes.count)];
		entry.bits =
			random_chance(random, 25) ? RW_NEVER_BAN_NONE : 1 + random_below(random, 5);
		for (size_t j = 0; j < policy->zone_prefixes[side].count; j++)
			twice |= list[j].list == entry.list &&
				 is_same_prefix(&list[j].prefix, &entry.prefix);
		if (!twice)
			list[policy->zone_prefixes[side].count++] = entry;
	}
}

static void openings_set(struct model_policy *policy, struct random *random)
{
	struct model_opening *list = policy->openings.list;

	for (size_t i = random_below(random, LIST_MOST + 1); i > 0; i--) {
		struct model_opening opening = {.l4 = random_below(random, 2)};
		bool twice = false;

		opening.port = port_random(random);
		prefix_random(random, any_family(random), &opening.prefix);
		opening.expired = random_chance(random, 25);
		for (size_t j = 0; j < policy->openings.count; j++)
			twice |= list[j].l4 == opening.l4 && list[j].port == opening.port &&
				 is_same_prefix(&list[j].prefix, &opening.prefix);
		if (!twice)
			list[policy->openings.count++] = opening;
	}
}

/* `stale` differs between conversations, never between two entries of one: the key is unique. */
static void flows_set(struct model_policy *policy, struct random *random)
{
	for (size_t i = 2 + random_below(random, 10); i > 0; i--) {
		struct model_flow *flow = &policy->flows.list[policy->flows.count++];

		address_random(random, any_family(random), flow->remote);
		address_random(random, address_family(flow->remote), flow->local);
		flow->remote_port = port_random(random);
		flow->local_port = (uint16_t)(50000 + i); /* unique */
		flow->stale = random_chance(random, 25);
	}
}

/* Nothing is held, or so much that a few fragments more reach the end of a class. */
static void memory_set(struct model_policy *policy, struct random *random)
{
	for (size_t i = 0; i < 6; i++)
		policy->memory->base[i / 3][i % 3] =
			random_below(random, 4) * (MEMORY_ROOM / 3 - random_below(random, 20000));
}

static void bound_set(struct model_policy *policy, struct random *random)
{
	for (size_t i = 1 + random_below(random, 6); i > 0; i--) {
		struct model_socket *socket = &policy->bound.list[policy->bound.count++];
		unsigned int family = any_family(random);

		address_random(random, family, socket->remote);
		address_random(random, family, socket->local);
		socket->remote_port = port_random(random);
		socket->local_port = (uint16_t)(51000 + i); /* unique */
	}
}

/* Mostly the truth; an empty table is not asked, and one that is announced empty is not either. */
static void presence_set(struct model_policy *policy, struct random *random)
{
	policy->presence.bans = random_chance(random, 90) ? policy->bans.count : 0;
	policy->presence.ban_prefixes = random_chance(random, 90) ? policy->ban_prefixes.count : 0;
	policy->presence.openings = random_chance(random, 90) ? policy->openings.count : 0;
}

#define LIST_NEW(policy, name)                                                                     \
	((policy)->name.list = calloc(LIST_MOST + NEVER_BAN_MOST + 1, sizeof(*(policy)->name.list)))

struct model_policy *policy_generate(uint64_t seed, unsigned int number)
{
	struct random random = {.state = seed ^ (uint64_t)number << 32};
	struct model_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->memory = calloc(1, sizeof(*policy->memory));
	if (!policy->memory || !LIST_NEW(policy, zone_prefixes[0]) ||
	    !LIST_NEW(policy, zone_prefixes[1]) || !LIST_NEW(policy, interfaces) ||
	    !LIST_NEW(policy, bans) || !LIST_NEW(policy, ban_prefixes) ||
	    !LIST_NEW(policy, openings) || !LIST_NEW(policy, buckets) || !LIST_NEW(policy, flows) ||
	    !LIST_NEW(policy, bound)) {
		policy_free(policy);
		return NULL;
	}
	flags_set(policy, &random, number);
	slots_set(policy, &random);
	protocols_set(policy, &random);
	ports_set(policy, &random);
	limits_set(policy, &random);
	zone_prefixes_set(policy, &random, 0);
	zone_prefixes_set(policy, &random, 1);
	interfaces_set(policy, &random);
	bans_set(policy, &random);
	never_ban_set(policy, &random, 0);
	never_ban_set(policy, &random, 1);
	openings_set(policy, &random);
	flows_set(policy, &random);
	bound_set(policy, &random);
	presence_set(policy, &random);
	memory_set(policy, &random);
	policy->sockets.list = sockets_known(&policy->sockets.count);
	policy->tracked.list = tracked_known(&policy->tracked.count);
	return policy;
}

void policy_free(struct model_policy *policy)
{
	if (!policy)
		return;
	free(policy->zone_prefixes[0].list);
	free(policy->zone_prefixes[1].list);
	free(policy->interfaces.list);
	free(policy->bans.list);
	free(policy->ban_prefixes.list);
	free(policy->openings.list);
	free(policy->buckets.list);
	free(policy->flows.list);
	free(policy->memory);
	free(policy->bound.list);
	free(policy);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* story.c - what a packet is about: drawn from the policy's own addresses, ports and states. */
#include "story.h"

#include <string.h>

#include "addresses.h"
#include "sockets.h"

#define SYN	0x02
#define ACK	0x10
#define SYN_ACK 0x12
#define RST	0x04
#define FIN_ACK 0x11
#define PSH_ACK 0x18

static void addresses_set(struct story *story, struct random *random, int family)
{
	story->family = family;
	address_random(random, family, story->source);
	address_random(random, family, story->destination);
}

/* One thing is not quite as it should be: an address, a port or a flag. */
static void story_spoil(struct story *story, struct random *random)
{
	unsigned int bit =
		(story->family == 4 ? 96 : 0) + random_below(random, story->family == 4 ? 32 : 128);

	switch (random_below(random, 6)) {
	case 0:
		story->source[bit / 8] ^= 0x80 >> (bit % 8);
		break;
	case 1:
		story->destination[bit / 8] ^= 0x80 >> (bit % 8);
		break;
	case 2:
		story->source_port ^= 1 << random_below(random, 16);
		break;
	case 3:
		story->port ^= 1 << random_below(random, 16);
		break;
	case 4:
		story->protocol = story->protocol == 6 ? 17 : 6;
		break;
	default:
		story->tcp_flags = SYN;
	}
}

static uint8_t tcp_flags_random(struct random *random)
{
	static const uint8_t usual[] = {SYN, SYN,     SYN,     ACK,	  SYN_ACK,
					RST, FIN_ACK, PSH_ACK, SYN | 0xc0};

	return random_chance(random, 75) ? RANDOM_OF(random, usual) : random_below(random, 256);
}

/* A port of the policy, or one beside the edge of a rule. */
static uint16_t port_near(struct random *random, const struct model_policy *policy, unsigned int l4)
{
	uint32_t port = random_below(random, 65536), tries;
	const struct model_port *ports = policy->ports[l4];

	if (random_chance(random, 10))
		return port;
	for (tries = 0; tries < 65535; tries++, port = (port + 1) & 0xffff)
		if (port < 65535 && memcmp(&ports[port], &ports[port + 1], sizeof(*ports)) != 0)
			break;
	return (port + random_below(random, 3)) & 0xffff;
}

static void knock_tell(struct story *story, struct random *random,
		       const struct model_policy *policy)
{
	unsigned int l4 = random_below(random, 2), side = policy->side;
	const struct model_zone_prefix *prefixes = policy->zone_prefixes[side].list;
	size_t count = policy->zone_prefixes[side].count;

	story->protocol = l4 == RW_L4_TCP ? 6 : 17;
	story->port = port_near(random, policy, l4);
	if (count && random_chance(random, 70)) {
		address_near(random, &prefixes[random_below(random, count)].prefix, story->source);
		story->family = address_family(story->source);
		address_random(random, story->family, story->destination);
	}
}

static void socket_tell(struct story *story, struct random *random,
			const struct model_policy *policy)
{
	const struct model_socket *socket =
		&policy->sockets.list[random_below(random, policy->sockets.count)];

	story->protocol = 6;
	story->family = address_family(socket->remote);
	memcpy(story->source, socket->remote, 16);
	memcpy(story->destination, socket->local, 16);
	story->source_port = socket->remote_port;
	story->port = socket->local_port;
	if (random_chance(random, 80))
		story->tcp_flags = random_chance(random, 50) ? ACK : SYN_ACK;
}

/* A listening socket is no connection. */
static void listener_tell(struct story *story, struct random *random)
{
	size_t count;
	const struct socket_address *list = sockets_listening(&count);
	const struct socket_address *listener = &list[random_below(random, count)];

	story->protocol = 6;
	story->family = address_family(listener->address);
	address_random(random, story->family, story->source);
	memcpy(story->destination, listener->address, 16);
	story->port = listener->port;
	story->tcp_flags = ACK;
}

static void bound_tell(struct story *story, struct random *random,
		       const struct model_policy *policy)
{
	const struct model_socket *socket =
		&policy->bound.list[random_below(random, policy->bound.count)];

	story->protocol = 6;
	story->family = address_family(socket->remote);
	memcpy(story->source, socket->remote, 16);
	memcpy(story->destination, socket->local, 16);
	story->source_port = socket->remote_port;
	story->port = socket->local_port;
}

static void flow_tell(struct story *story, struct random *random, const struct model_policy *policy)
{
	const struct model_flow *flow =
		&policy->flows.list[random_below(random, policy->flows.count)];

	story->protocol = 17;
	addresses_set(story, random, address_family(flow->remote));
	memcpy(story->source, flow->remote, 16);
	memcpy(story->destination, flow->local, 16);
	story->source_port = flow->remote_port;
	story->port = flow->local_port;
}

static void tracked_tell(struct story *story, struct random *random,
			 const struct model_policy *policy)
{
	const struct model_tracked *tracked =
		&policy->tracked.list[random_below(random, policy->tracked.count)];
	bool answers = random_chance(random, 70);

	story->protocol = tracked->protocol;
	story->family = address_family(tracked->from);
	memcpy(story->source, answers ? tracked->answer_from : tracked->from, 16);
	memcpy(story->destination, answers ? tracked->answer_to : tracked->to, 16);
	story->source_port = answers ? tracked->answer_from_port : tracked->from_port;
	story->port = answers ? tracked->answer_to_port : tracked->to_port;
	if (random_chance(random, 80))
		story->tcp_flags = random_chance(random, 50) ? ACK : SYN_ACK;
}

static void opening_tell(struct story *story, struct random *random,
			 const struct model_policy *policy)
{
	const struct model_opening *opening;

	if (!policy->openings.count)
		return;
	opening = &policy->openings.list[random_below(random, policy->openings.count)];
	story->protocol = opening->l4 == RW_L4_TCP ? 6 : 17;
	address_near(random, &opening->prefix, story->source);
	story->family = address_family(story->source);
	address_random(random, story->family, story->destination);
	story->port = opening->port;
	if (random_chance(random, 80))
		story->tcp_flags = SYN;
}

static void bucket_tell(struct story *story, struct random *random,
			const struct model_policy *policy)
{
	const struct model_bucket *bucket;

	if (!policy->buckets.count)
		return;
	bucket = &policy->buckets.list[random_below(random, policy->buckets.count)];
	story->protocol = 6;
	address_near(random, &bucket->source, story->source);
	story->family = address_family(story->source);
	address_random(random, story->family, story->destination);
	story->port = bucket->port;
	if (random_chance(random, 80))
		story->tcp_flags = SYN;
}

static void ban_tell(struct story *story, struct random *random, const struct model_policy *policy)
{
	bool single = random_chance(random, 50);
	const struct model_prefix *list = single ? policy->bans.list : policy->ban_prefixes.list;
	size_t count = single ? policy->bans.count : policy->ban_prefixes.count;

	if (!count)
		return;
	address_near(random, &list[random_below(random, count)], story->source);
	story->family = address_family(story->source);
	address_random(random, story->family, story->destination);
}

static void icmp_tell(struct story *story, struct random *random)
{
	static const uint8_t usual[] = {0, 3, 4, 5, 8, 8, 11, 12, 13};
	static const uint8_t usual_ipv6[] = {1,	  2,   3,   4,	 128, 128, 129,
					     100, 137, 139, 144, 148, 151};

	story->protocol = story->family == 4 ? 1 : 58;
	story->type = story->family == 4 ? RANDOM_OF(random, usual) : RANDOM_OF(random, usual_ipv6);
	if (random_chance(random, 30))
		story->type = random_below(random, 256);
	if (random_chance(random, 5))
		story->protocol = story->family == 4 ? 58 : 1; /* the wrong one of the two */
}

/* What keeps a link alive: neighbour discovery, MLD, IGMP, DHCP. */
static void link_tell(struct story *story, struct random *random)
{
	static const uint8_t neighbour_types[] = {130, 131, 132, 133, 134, 135, 136, 137, 138, 143};
	static const uint8_t hops[] = {255, 255, 255, 1, 1, 0, 2, 64, 254};

	if (random_chance(random, 30)) {
		story->protocol = 17;
		story->source_port = story->family == 4 ? 67 : 547;
		story->port = story->family == 4 ? 68 : 546;
		if (story->family == 6 && random_chance(random, 70))
			memcpy(story->source, (uint8_t[]){0xfe, 0x80}, 2);
		if (random_chance(random, 25))
			story_spoil(story, random);
		return;
	}
	story->protocol = story->family == 4 ? 2 : 58;
	story->type = RANDOM_OF(random, neighbour_types);
	story->hop_limit = RANDOM_OF(random, hops);
}

static void protocol_tell(struct story *story, struct random *random)
{
	static const uint8_t protocols[] = {0,	2,  4,	6,  17, 41,  43,  44,  47,  50,	 51,
					    58, 59, 60, 89, 94, 112, 132, 135, 139, 140, 255};

	story->protocol = random_chance(random, 70) ? RANDOM_OF(random, protocols)
						    : random_below(random, 256);
}

void story_make(struct random *random, const struct model_policy *policy, struct story *ret)
{
	unsigned int dice = random_below(random, 100);

	memset(ret, 0, sizeof(*ret));
	addresses_set(ret, random, random_chance(random, 50) ? 4 : 6);
	ret->protocol = random_chance(random, 50) ? 6 : 17;
	ret->source_port = random_below(random, 65536);
	ret->port = random_below(random, 65536);
	ret->tcp_flags = tcp_flags_random(random);
	ret->hop_limit = random_chance(random, 50) ? 64 : random_below(random, 256);
	if (dice < 7)
		bucket_tell(ret, random, policy);
	else if (dice < 33)
		knock_tell(ret, random, policy);
	else if (dice < 40)
		tracked_tell(ret, random, policy);
	else if (dice < 48)
		socket_tell(ret, random, policy);
	else if (dice < 52)
		bound_tell(ret, random, policy);
	else if (dice < 55)
		listener_tell(ret, random);
	else if (dice < 65)
		flow_tell(ret, random, policy);
	else if (dice < 75)
		opening_tell(ret, random, policy);
	else if (dice < 79)
		ban_tell(ret, random, policy);
	else if (dice < 86)
		icmp_tell(ret, random);
	else if (dice < 93)
		link_tell(ret, random);
	else if (dice < 98)
		protocol_tell(ret, random);
	if (dice >= 33 && dice < 75 && random_chance(random, 30))
		story_spoil(ret, random);
}

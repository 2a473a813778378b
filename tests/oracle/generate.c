/* SPDX-License-Identifier: GPL-2.0 */
/*
 * generate.c - a story becomes bytes: upper layer, IP with options, extension headers and
 * fragments, Ethernet with tags; then, often, something is broken.
 */
#include "generate.h"

#include <string.h>

#include "policies.h"
#include "story.h"

#define CHAIN_MOST 11

/* What kind of fragment a packet is made to be. */
enum piece { WHOLE, ATOMIC, FIRST, LATER, OFFSET_ONE, OVERLONG };

struct writer {
	struct random *random;
	const struct story *story;
	struct generated *out;
	enum piece piece;
	unsigned int offset; /* of the fragment, in units of 8 bytes */
	bool more;
	size_t network; /* where the IP header starts */
	size_t upper;	/* where the upper layer starts */
};

static void put(struct writer *writer, const void *bytes, size_t length)
{
	memcpy(writer->out->bytes + writer->out->length, bytes, length);
	writer->out->length += length;
}

static void put8(struct writer *writer, unsigned int value)
{
	writer->out->bytes[writer->out->length++] = value;
}

static void put16(struct writer *writer, unsigned int value)
{
	put8(writer, value >> 8 & 0xff);
	put8(writer, value & 0xff);
}

static void put_random(struct writer *writer, size_t length)
{
	random_fill(writer->random, writer->out->bytes + writer->out->length, length);
	writer->out->length += length;
}

static void set16(struct generated *out, size_t at, unsigned int value)
{
	out->bytes[at] = value >> 8 & 0xff;
	out->bytes[at + 1] = value & 0xff;
}

/* --- upper layer ------------------------------------------------------------------------------ */

static size_t payload_length(struct random *random)
{
	unsigned int dice = random_below(random, 1000);

	if (dice < 970)
		return random_chance(random, 50) ? 0 : random_below(random, 40);
	if (dice < 997)
		return random_below(random, 1400);
	return random_below(random, 9000);
}

static void tcp_put(struct writer *writer)
{
	unsigned int words = 5;

	if (random_chance(writer->random, 30))
		words = 5 + random_below(writer->random, 11);
	put16(writer, writer->story->source_port);
	put16(writer, writer->story->port);
	put_random(writer, 8);
	/* The low bits are reserved, and NS: whatever they are, they change nothing. */
	put8(writer, words << 4 | (random_chance(writer->random, 20) ? 0x0f : 0));
	put8(writer, writer->story->tcp_flags);
	put_random(writer, 6);
	put_random(writer, (words - 5) * 4);
	if (random_chance(writer->random, 4)) /* a data offset that lies */
		writer->out->bytes[writer->upper + 12] = random_below(writer->random, 256);
	put_random(writer, payload_length(writer->random));
}

static void udp_put(struct writer *writer)
{
	size_t payload = payload_length(writer->random);
	unsigned int length = 8 + payload;

	if (random_chance(writer->random, 6))
		length += random_below(writer->random, 5) - 2;
	if (random_chance(writer->random, 4))
		length = random_below(writer->random,
				      random_chance(writer->random, 50) ? 10 : 65536);
	put16(writer, writer->story->source_port);
	put16(writer, writer->story->port);
	put16(writer, length);
	put_random(writer, 2 + payload);
}

static void upper_put(struct writer *writer)
{
	size_t length;

	writer->upper = writer->out->length;
	if (writer->story->protocol == 6) {
		tcp_put(writer);
	} else if (writer->story->protocol == 17) {
		udp_put(writer);
	} else {
		put8(writer, writer->story->type);
		put_random(writer, 7 + payload_length(writer->random));
	}
	/* Cut short, with IP lengths that agree. */
	length = writer->out->length - writer->upper;
	if (random_chance(writer->random, 6))
		writer->out->length = writer->upper + random_below(writer->random, length + 1);
	/* The edge of what can be reassembled: 65528 + 7 is the last byte. */
	if (writer->piece == OVERLONG) {
		writer->out->length = writer->upper;
		put_random(writer,
			   (8191 - writer->offset) * 8 + 6 + random_below(writer->random, 4));
	}
}

/* --- IP --------------------------------------------------------------------------------------- */

static void piece_choose(struct writer *writer)
{
	unsigned int dice = random_below(writer->random, 100);

	writer->piece = WHOLE;
	writer->more = random_chance(writer->random, 50);
	writer->offset = 0;
	if (dice < 3) {
		writer->piece = ATOMIC;
		writer->more = false;
	} else if (dice < 9) {
		writer->piece = FIRST;
		writer->more = true;
	} else if (dice < 15) {
		writer->piece = LATER;
		writer->offset = 1 + random_below(writer->random, 8191);
	} else if (dice < 18) {
		writer->piece = OFFSET_ONE;
		writer->offset = 1 + random_below(writer->random, 2);
	} else if (dice < 21) {
		writer->piece = OVERLONG;
		writer->offset = 8191 - random_below(writer->random, 3);
	}
}

static void ipv4_put(struct writer *writer)
{
	unsigned int options =
		random_chance(writer->random, 20) ? random_below(writer->random, 11) : 0;
	unsigned int field = writer->offset;

	if (writer->piece != WHOLE && writer->more)
		field |= 0x2000;
	if (random_chance(writer->random, 30))
		field |= random_chance(writer->random, 80) ? 0x4000 : 0x8000;
	put8(writer, 0x40 | (5 + options));
	put_random(writer, 5); /* the length is set at the end */
	put16(writer, field);
	put8(writer, writer->story->hop_limit);
	put8(writer, writer->story->protocol);
	put_random(writer, 2);
	put(writer, writer->story->source + 12, 4);
	put(writer, writer->story->destination + 12, 4);
	put_random(writer, options * 4);
}

/* Kinds of the extension headers, in any order; a fragment header where the packet is to be one. */
static size_t chain_choose(struct writer *writer, uint8_t kinds[CHAIN_MOST])
{
	static const uint8_t known[] = {43, 60, 60, 51, 135, 60, 43, 0, 44};
	static const uint8_t unknown[] = {50, 59, 139, 140, 253, 254, 4, 41};
	size_t count = 0;

	if (random_chance(writer->random, 40))
		count = random_chance(writer->random, 60)
				? 1 + random_below(writer->random, 2)
				: random_below(writer->random, CHAIN_MOST);
	for (size_t i = 0; i < count; i++) {
		bool is_known = random_chance(writer->random, 97);

		/* Two of the list are mostly wrong where they are: seldom, or long chains never
		 * hold. */
		kinds[i] = is_known ? known[random_below(writer->random,
							 random_chance(writer->random, 8) ? 9 : 7)]
				    : RANDOM_OF(writer->random, unknown);
		if (i == 0 && random_chance(writer->random, 25))
			kinds[i] = 0;
	}
	if (writer->piece != WHOLE && (count == 0 || random_chance(writer->random, 30)))
		kinds[count++] = 44;
	else if (writer->piece != WHOLE)
		kinds[random_below(writer->random, count)] = 44;
	return count;
}

static void extension_put(struct writer *writer, uint8_t kind, uint8_t next)
{
	unsigned int length =
		random_chance(writer->random, 20) ? random_below(writer->random, 4) : 0;
	static const uint8_t routing_types[] = {2, 3, 4, 4, 4, 4, 4, 4, 255, 0};

	put8(writer, next);
	if (kind == 44) {
		put8(writer, random_below(writer->random, 256)); /* reserved */
		put16(writer, writer->offset << 3 | random_below(writer->random, 4) << 1 |
				      (writer->more && writer->piece != WHOLE));
		put_random(writer, 4);
		return;
	}
	if (random_chance(writer->random, 1))
		length = random_below(writer->random, 256);
	put8(writer, length);
	put8(writer, RANDOM_OF(writer->random, routing_types));
	put_random(writer, kind == 51 ? (length + 2) * 4 - 3 : (length + 1) * 8 - 3);
	if (length > 8 && random_chance(writer->random, 50)) /* says more than there is */
		writer->out->length -= length * 4;
}

static void ipv6_put(struct writer *writer)
{
	uint8_t kinds[CHAIN_MOST + 1];
	size_t count = chain_choose(writer, kinds);

	put8(writer, 0x60);
	put_random(writer, 5);
	put8(writer, count ? kinds[0] : writer->story->protocol);
	put8(writer, writer->story->hop_limit);
	put(writer, writer->story->source, 16);
	put(writer, writer->story->destination, 16);
	for (size_t i = 0; i < count; i++)
		extension_put(writer, kinds[i],
			      i + 1 < count ? kinds[i + 1] : writer->story->protocol);
}

/* State the length that there is, or nearly. */
static void length_set(struct writer *writer)
{
	size_t length = writer->out->length - writer->network;
	size_t at = writer->network + (writer->story->family == 4 ? 2 : 4);

	if (writer->story->family == 6)
		length -= 40;
	if (random_chance(writer->random, 4))
		length += random_below(writer->random, 9) - 4;
	set16(writer->out, at, length);
}

/* --- Ethernet --------------------------------------------------------------------------------- */

/* A tag that the policy knows for this device, a priority tag, or any. */
static unsigned int tag_choose(struct random *random, const struct model_policy *policy,
			       uint32_t ifindex, bool inner)
{
	const struct model_interface *interface;
	unsigned int priority = random_below(random, 16) << 12;

	if (random_chance(random, 15))
		return priority;
	if (random_chance(random, 15) || policy->interfaces.count == 0)
		return random_below(random, 65536);
	do
		interface =
			&policy->interfaces.list[random_below(random, policy->interfaces.count)];
	while (interface->ifindex != ifindex && random_chance(random, 80));
	return priority | (inner ? interface->vlan >> 12 : interface->vlan & 0xfff);
}

static void ethernet_put(struct writer *writer, const struct model_policy *policy)
{
	static const uint16_t others[] = {0x0806, 0x88cc, 0x8847, 0x8864,
					  0x9100, 0x0026, 0x05dc, 0xffff};
	unsigned int tags = random_chance(writer->random, 30) ? random_below(writer->random, 4) : 0;
	unsigned int ethertype = writer->story->family == 4 ? 0x0800 : 0x86dd;

	put_random(writer, 12);
	for (unsigned int i = 0; i < tags; i++) {
		put16(writer, random_chance(writer->random, 50) ? 0x8100 : 0x88a8);
		put16(writer, tag_choose(writer->random, policy, writer->out->ifindex, i > 0));
	}
	if (random_chance(writer->random, 3))
		ethertype = RANDOM_OF(writer->random, others);
	if (random_chance(writer->random, 1))
		ethertype ^= 0x0800 ^ 0x86dd; /* the other family */
	put16(writer, ethertype);
}

/* --- breaking things -------------------------------------------------------------------------- */

/* Two blocks of 8 bytes behind the IP header change places: headers in another order. */
static void blocks_swap(struct writer *writer)
{
	size_t start = writer->network + (writer->story->family == 4 ? 20 : 40), blocks;
	uint8_t block[8], *a, *b;

	if (writer->out->length < start + 16)
		return;
	blocks = (writer->out->length - start) / 8;
	if (blocks > 6)
		blocks = 6;
	a = writer->out->bytes + start + 8 * random_below(writer->random, blocks);
	b = writer->out->bytes + start + 8 * random_below(writer->random, blocks);
	memcpy(block, a, 8);
	memmove(a, b, 8);
	memcpy(b, block, 8);
}

static void mutate(struct writer *writer)
{
	struct generated *out = writer->out;
	struct random *random = writer->random;
	size_t head = out->length < 120 ? out->length : 120;
	uint8_t *byte = &out->bytes[random_below(random, head)];
	static const uint8_t values[] = {0, 1, 4, 8, 0x45, 0x60, 127, 128, 255};

	switch (random_below(random, 7)) {
	case 0:
	case 1:
		*byte ^= 1 << random_below(random, 8);
		break;
	case 2:
		*byte = RANDOM_OF(random, values);
		break;
	case 3: /* cut off */
		out->length = 1 + random_below(random, head);
		break;
	case 4: /* by a few bytes */
		out->length -= random_below(random, out->length < 8 ? out->length : 8);
		break;
	case 5: /* padded */
		put_random(writer, random_below(random, 40));
		break;
	default:
		blocks_swap(writer);
	}
}

static void breakage(struct writer *writer)
{
	if (!random_chance(writer->random, 30))
		return;
	for (unsigned int i = 1 + random_below(writer->random, 3); i > 0; i--)
		mutate(writer);
}

/*
 * A packet that GRO merged states a length of 0. Near 65535 bytes the hook has to see that and when
 * it may believe it.
 */
static void merge(struct writer *writer)
{
	size_t length = 65520 + random_below(writer->random, 32);
	size_t at = writer->network + (writer->story->family == 4 ? 2 : 4);

	memset(writer->out->bytes + writer->out->length, 0, length - writer->out->length);
	writer->out->length = length;
	if (random_chance(writer->random, 80))
		set16(writer->out, at, 0);
}

void packet_generate(struct random *random, const struct model_policy *policy, enum model_hook hook,
		     struct generated *ret)
{
	struct story story;
	struct writer writer = {.random = random, .story = &story, .out = ret};

	story_make(random, policy, &story);
	piece_choose(&writer);
	ret->length = 0;
	ret->ifindex = POLICIES_IFINDEX + random_below(random, POLICIES_DEVICES);
	if (hook == MODEL_ETHERNET)
		ethernet_put(&writer, policy);
	else if (hook == MODEL_CGROUP && random_chance(random, 2))
		ret->ifindex = POLICIES_LOOPBACK;
	writer.network = ret->length;
	if (story.family == 4)
		ipv4_put(&writer);
	else
		ipv6_put(&writer);
	upper_put(&writer);
	while (writer.piece == FIRST && (ret->length - writer.upper) % 8)
		put8(&writer, 0);
	length_set(&writer);
	if (random_chance(random, 80))
		checksum_set(ret, writer.network);
	breakage(&writer);
	if (random_below(random, 2000) == 0)
		merge(&writer);
	while (hook != MODEL_CGROUP && ret->length < 14)
		put_random(&writer, 1);
}

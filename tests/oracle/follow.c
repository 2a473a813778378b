/* SPDX-License-Identifier: GPL-2.0 */
/* follow.c - datagrams come in several fragments: one more of the packet before. */
#include "generate.h"

#include <string.h>

/* Where the fragment field stands, and how long the IP payload behind it is. */
struct place {
	uint8_t *network;
	uint8_t *field;
	size_t headers; /* from the IP header to the payload */
	size_t payload;
	bool ipv4;
};

static unsigned int get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = value >> 8 & 0xff;
	at[1] = value & 0xff;
}

void checksum_set(struct generated *packet, size_t network)
{
	uint8_t *header = packet->bytes + network;
	size_t length = (header[0] & 15) * 4u;
	uint32_t sum = 0;

	if (header[0] >> 4 != 4 || length < 20 || network + length > packet->length)
		return;
	put16(header + 10, 0);
	for (size_t i = 0; i < length; i += 2)
		sum += get16(header + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(header + 10, ~sum);
}

static size_t network_find(const struct generated *packet, enum model_hook hook)
{
	size_t at = 12;

	if (hook != MODEL_ETHERNET)
		return 0;
	while (at < 20 &&
	       (get16(packet->bytes + at) == 0x8100 || get16(packet->bytes + at) == 0x88a8))
		at += 4;
	return at + 2;
}

static bool place_find(struct generated *packet, size_t network, struct place *ret)
{
	uint8_t *ip = packet->bytes + network;
	size_t left = packet->length - network, stated;

	if (left < 48)
		return false;
	ret->network = ip;
	ret->ipv4 = ip[0] >> 4 == 4;
	ret->headers = ret->ipv4 ? (ip[0] & 15) * 4u : 48;
	ret->field = ip + (ret->ipv4 ? 6 : 42);
	stated = ret->ipv4 ? get16(ip + 2) : get16(ip + 4) + 40u;
	if (!ret->ipv4 && (ip[0] >> 4 != 6 || ip[6] != 44))
		return false;
	if (stated > left || stated < ret->headers + 8)
		return false;
	ret->payload = stated - ret->headers;
	return get16(ret->field) & (ret->ipv4 ? 0x3fff : 0xfff9);
}

/* In units of 8 bytes. */
static unsigned int offset_choose(struct random *random, const struct place *place)
{
	unsigned int offset = get16(place->field), units = (place->payload + 7) / 8;

	offset = place->ipv4 ? offset & 0x1fff : offset >> 3;
	switch (random_below(random, 10)) {
	case 0:
		return offset;
	case 1:
		return offset >= units ? offset - units : 0;
	case 2:
		return random_below(random, 12);
	case 3:
		return 0;
	default:
		return (offset + units) & 0x1fff;
	}
}

bool fragment_follow(struct random *random, enum model_hook hook, struct generated *packet)
{
	size_t network = network_find(packet, hook);
	bool more = random_chance(random, 55);
	unsigned int offset;
	struct place place;

	if (packet->length < network + 48 || !place_find(packet, network, &place))
		return false;
	offset = offset_choose(random, &place);
	if (more && random_chance(random, 95))
		place.payload -= place.payload % 8;
	packet->length = network + place.headers + place.payload;
	if (place.ipv4) {
		put16(place.field, offset | (more ? 0x2000 : 0));
		put16(place.network + 2, place.headers + place.payload);
	} else {
		put16(place.field, offset << 3 | more);
		put16(place.network + 4, place.headers + place.payload - 40);
	}
	if (place.ipv4 && random_chance(random, 95))
		checksum_set(packet, network);
	return true;
}

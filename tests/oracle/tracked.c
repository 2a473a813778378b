/* SPDX-License-Identifier: GPL-2.0 */
/* tracked.c - a list of entries, made by counting. */
#include "tracked.h"

#include <string.h>

#define ENTRIES 48
#define AGREED	0x1 /* bits of an entry's number: what it is */
#define IPV6	0x2
#define UDP	0x4
#define SHIFTED 0x8 /* translated */

static struct model_tracked entries[ENTRIES];

/* Inside, outside, and what either is translated to: of the world that policies speak of. */
enum place { INSIDE, OUTSIDE, INSIDE_SEEN, OUTSIDE_SEEN };

static void address_set(bool ipv6, enum place place, uint8_t host, uint8_t ret[16])
{
	static const uint8_t ipv4_nets[][16] = {
		[INSIDE] = {[10] = 0xff, 0xff, 10, 1, 2, 3},
		[OUTSIDE] = {[10] = 0xff, 0xff, 192, 0, 2, 129},
		[INSIDE_SEEN] = {[10] = 0xff, 0xff, 203, 0, 113, 9},
		[OUTSIDE_SEEN] = {[10] = 0xff, 0xff, 172, 16, 0, 5},
	};
	static const uint8_t ipv6_nets[][16] = {
		[INSIDE] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, [15] = 3},
		[OUTSIDE] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1},
		[INSIDE_SEEN] = {0x20, 0x01, 0x0d, 0xb8, 0, 3, [15] = 1},
		[OUTSIDE_SEEN] = {0x20, 0x01, 0x0d, 0xb8, 0, 4, [15] = 1},
	};

	memcpy(ret, ipv6 ? ipv6_nets[place] : ipv4_nets[place], 16);
	ret[15] = (uint8_t)(ret[15] + host);
}

/* Half of the ports are from all over the range, half are those that policies open most. */
static void entry_set(unsigned int number, struct model_tracked *ret)
{
	static const uint16_t popular[] = {53, 80, 443, 5432, 7025, 20000};
	bool ipv6 = number & IPV6;

	*ret = (struct model_tracked){
		.protocol = number & UDP ? 17 : 6,
		.agreed = number & AGREED,
		.from_port = (uint16_t)(1024 + number * 977),
		.to_port = (uint16_t)(number * 1361 + number / 8),
	};
	if (number >= ENTRIES / 2)
		ret->to_port = popular[number / 8 % (sizeof(popular) / sizeof(*popular))];
	address_set(ipv6, INSIDE, (uint8_t)(number % 5), ret->from);
	address_set(ipv6, OUTSIDE, (uint8_t)(number % 7), ret->to);
	memcpy(ret->answer_from, ret->to, 16);
	memcpy(ret->answer_to, ret->from, 16);
	ret->answer_from_port = ret->to_port;
	ret->answer_to_port = ret->from_port;
	if (!(number & SHIFTED))
		return;
	address_set(ipv6, INSIDE_SEEN, 0, ret->answer_to);
	ret->answer_to_port = (uint16_t)(ret->from_port + 7);
	if (number & 16) { /* at both ends */
		address_set(ipv6, OUTSIDE_SEEN, 0, ret->answer_from);
		ret->answer_from_port = (uint16_t)(ret->to_port + 9);
	}
}

const struct model_tracked *tracked_known(size_t *ret_count)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		entry_set(i, &entries[i]);
	*ret_count = ENTRIES;
	return entries;
}

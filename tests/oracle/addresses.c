/* SPDX-License-Identifier: GPL-2.0 */
/* addresses.c - the small world that policies and packets share. */
#include "addresses.h"

#include <string.h>

#define MAPPED 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff

static const uint8_t world_ipv4[][16] = {
	{MAPPED, 10, 0, 0, 0},	      {MAPPED, 10, 1, 0, 0},	{MAPPED, 10, 1, 2, 3},
	{MAPPED, 172, 16, 0, 5},      {MAPPED, 192, 0, 2, 1},	{MAPPED, 192, 0, 2, 129},
	{MAPPED, 198, 51, 100, 1},    {MAPPED, 203, 0, 113, 9}, {MAPPED, 0, 0, 0, 0},
	{MAPPED, 255, 255, 255, 255}, {MAPPED, 224, 0, 0, 251},
};

static const uint8_t world_ipv6[][16] = {
	{0x20, 0x01, 0x0d, 0xb8},
	{0x20, 0x01, 0x0d, 0xb8, [15] = 1},
	{0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1},
	{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, [15] = 3},
	{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0x80, [15] = 3},
	{0xfe, 0x80, [15] = 1},
	{0xfe, 0xbf, [15] = 1},
	{0xfe, 0xc0, [15] = 1},
	{0xff, 0x02, [15] = 1},
	{[15] = 1},
	{[10] = 0xff, 0xfe, 10, 0, 0, 0}, /* next to ::ffff:10.0.0.0 */
};

static void bit_flip(uint8_t address[16], unsigned int bit)
{
	address[bit / 8] ^= 0x80 >> (bit % 8);
}

int address_family(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {MAPPED};

	return memcmp(address, mapped, 12) == 0 ? 4 : 6;
}

void address_random(struct random *random, int family, uint8_t ret[16])
{
	const uint8_t *base =
		family == 4 ? RANDOM_OF(random, world_ipv4) : RANDOM_OF(random, world_ipv6);

	memcpy(ret, base, 16);
	if (random_chance(random, 30)) /* a neighbour */
		bit_flip(ret,
			 (family == 4 ? 96 : 0) + random_below(random, family == 4 ? 32 : 128));
	if (random_chance(random, 10)) /* anybody */
		random_fill(random, ret + (family == 4 ? 12 : 0), family == 4 ? 4 : 16);
}

void prefix_random(struct random *random, int family, struct model_prefix *ret)
{
	static const uint8_t lengths_ipv4[] = {96, 97, 104, 112, 119, 120, 121, 127, 128};
	static const uint8_t lengths_ipv6[] = {0, 1, 10, 32, 47, 48, 63, 64, 65, 127, 128};

	address_random(random, family, ret->source);
	ret->length =
		family == 4 ? RANDOM_OF(random, lengths_ipv4) : RANDOM_OF(random, lengths_ipv6);
	for (unsigned int bit = ret->length; bit < 128; bit++)
		ret->source[bit / 8] &= ~(0x80 >> (bit % 8));
}

void address_near(struct random *random, const struct model_prefix *prefix, uint8_t ret[16])
{
	unsigned int style = random_below(random, 3);

	memcpy(ret, prefix->source, 16);
	for (unsigned int bit = prefix->length; bit < 128; bit++)
		if (style == 1 || (style == 2 && random_chance(random, 50)))
			bit_flip(ret, bit);
	if (prefix->length && random_chance(random, 20)) /* outside by one bit, mostly the last */
		bit_flip(ret, random_chance(random, 70) ? prefix->length - 1u
							: random_below(random, prefix->length));
}

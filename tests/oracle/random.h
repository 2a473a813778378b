/* SPDX-License-Identifier: GPL-2.0 */
/* random.h - a small deterministic generator (splitmix64): one seed, one run, on every machine. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0 .. count - 1; the slight bias does not matter here. */
static inline uint32_t random_below(struct random *random, uint32_t count)
{
	return (random_next(random) >> 32) % count;
}

static inline bool random_chance(struct random *random, unsigned int percent)
{
	return random_below(random, 100) < percent;
}

static inline void random_fill(struct random *random, void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = random_next(random) >> 56;
}

#define RANDOM_OF(random, list) ((list)[random_below((random), sizeof(list) / sizeof((list)[0]))])

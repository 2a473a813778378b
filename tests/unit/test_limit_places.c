/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often is a source limited for what others do? With the hash that the programs use, and the
 * numbers that docs/performance.md publishes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rolewall/abi.h>

#include "util/cleanup.h"

#define ASKED	 1000000 /* sources that have done nothing */
#define RULE	 10
#define INTERVAL 2000000ULL /* us: 30/min */
#define BURST	 20

/* splitmix64 (Steele, Lea, Flood). */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

struct sketch {
	__u64 seeds[RW_SEEDS];
	uint64_t *full; /* owned; of both rows */
};

static void sketch_make(struct sketch *sketch, uint64_t *random)
{
	for (size_t i = 0; i < RW_SEEDS; i++)
		sketch->seeds[i] = random_next(random) | 1;
	sketch->full = calloc((size_t)RW_LIMIT_ROWS * RW_LIMIT_PLACES, sizeof(*sketch->full));
	assert_non_null(sketch->full);
}

/* A source: 16 bytes, as the programs read them. */
struct source {
	uint64_t halves[2];
};

static uint64_t *place(const struct sketch *sketch, const struct source *source, unsigned int row)
{
	uint64_t hash = rw_limit_hash(source->halves[0], source->halves[1], RULE, sketch->seeds);

	return &sketch->full[row ? rw_limit_second(hash) : rw_limit_first(hash)];
}

static bool is_limited(const struct sketch *sketch, const struct source *source, uint64_t now)
{
	const uint64_t bound = now + (BURST - 1) * INTERVAL;

	return *place(sketch, source, 0) > bound && *place(sketch, source, 1) > bound;
}

/* As bpf/established.bpf.h has it. */
static void token_take(const struct sketch *sketch, const struct source *source, uint64_t now)
{
	uint64_t *first = place(sketch, source, 0), *second = place(sketch, source, 1);
	uint64_t next = *first < *second ? *first : *second;

	next = (next < now ? now : next) + INTERVAL;
	if (*first < next)
		*first = next;
	if (*second < next)
		*second = next;
}

static struct source source_ipv4(uint32_t address)
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	struct source source;

	address = htonl(address);
	memcpy(bytes + 12, &address, 4);
	memcpy(source.halves, bytes, sizeof(source.halves));
	return source;
}

/* The n-th /64 of a provider. */
static struct source source_ipv6(uint32_t number)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct source source;

	number = htonl(number);
	memcpy(bytes + 4, &number, 4);
	memcpy(source.halves, bytes, sizeof(source.halves));
	return source;
}

enum kind { KIND_RANDOM, KIND_SEQUENCE, KIND_IPV6 };

/* Those at the limit; those that are asked for have the highest bit of an IPv4 address clear. */
static struct source source_make(enum kind kind, uint32_t number, uint64_t *random)
{
	if (kind == KIND_RANDOM)
		return source_ipv4(0x80000000U | (uint32_t)random_next(random));
	if (kind == KIND_SEQUENCE)
		return source_ipv4(0xc0000000U + number);
	return source_ipv6(number);
}

static double falsely_limited(enum kind kind, size_t spent, uint64_t seed)
{
	uint64_t random = seed;
	struct sketch sketch;
	size_t limited = 0;

	sketch_make(&sketch, &random);
	for (uint32_t i = 0; i < spent; i++) {
		const struct source source = source_make(kind, i, &random);

		while (!is_limited(&sketch, &source, 0))
			token_take(&sketch, &source, 0);
	}
	for (size_t i = 0; i < ASKED; i++) {
		const struct source source =
			source_ipv4((uint32_t)random_next(&random) & 0x7fffffff);

		limited += is_limited(&sketch, &source, 0);
	}
	free(sketch.full);
	return (double)limited / ASKED;
}

/* The part of a row that so many sources leave empty, if each place is as likely. */
static double empty_part(size_t sources)
{
	double part = 1, base = 1 - 1.0 / RW_LIMIT_PLACES;

	for (; sources; sources >>= 1, base *= base)
		if (sources & 1)
			part *= base;
	return part;
}

/* No worse than two independent rows of perfect hashes, but for chance. */
static void those_at_their_limit_limit_few_others(void **state)
{
	static const char *const names[] = {"random addresses", "a sequence of addresses",
					    "networks of one IPv6 provider"};
	static const size_t counts[] = {1000, 10000, 100000, 1000000};

	(void)state;
	for (int kind = KIND_RANDOM; kind <= KIND_IPV6; kind++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
			double row = 1 - empty_part(counts[i]), sum = 0;

			for (uint64_t seed = 1; seed <= 3; seed++)
				sum += falsely_limited(kind, counts[i], seed);
			printf("%8zu at their limit, %s: %.5f %% of others limited (%.5f %%)\n",
			       counts[i], names[kind], sum / 3 * 100, row * row * 100);
			assert_true(sum / 3 <= row * row * 1.3 + 3e-5);
		}
	}
}

/* One connection a minute each, and 30 a minute with 20 at once allowed: for three minutes. */
static double honest_limited(size_t sources, uint64_t seed)
{
	uint64_t random = seed, now = 100000000;
	uint64_t connections = 3 * sources, step = 180000000 / connections;
	struct sketch sketch;
	uint64_t limited = 0;

	sketch_make(&sketch, &random);
	for (uint64_t i = 0; i < connections; i++) {
		const struct source source =
			source_ipv4((uint32_t)(random_next(&random) % sources));

		now += i % 2 ? step * 2 : 0;
		if (is_limited(&sketch, &source, now))
			limited++;
		else
			token_take(&sketch, &source, now);
	}
	free(sketch.full);
	return (double)limited / connections;
}

static void honest_sources_do_not_limit_each_other(void **state)
{
	static const size_t counts[] = {1000, 100000, 1000000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		double rate = honest_limited(counts[i], 7);

		printf("%8zu that connect once a minute: %.5f %% limited\n", counts[i], rate * 100);
		assert_true(rate < 1e-4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_at_their_limit_limit_few_others),
		cmocka_unit_test(honest_sources_do_not_limit_each_other),
	};

	return cmocka_run_group_tests_name("limit places", tests, NULL, NULL);
}

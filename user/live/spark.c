/* SPDX-License-Identifier: GPL-2.0 */
/* spark.c - drops by reason over the last minutes. */
#include "live/spark.h"

#include <string.h>

#include "util/reason.h"

void spark_put(struct spark *spark, const uint64_t drops[RW_REASON_COUNT], int64_t seconds)
{
	int64_t step = seconds / SPARK_SECONDS + 1;

	if (!spark->step) {
		spark->step = step;
		memcpy(spark->before, drops, sizeof(spark->before));
		return;
	}
	for (int64_t n = 0; n < SPARK_STEPS && spark->step < step; n++) {
		spark->step =
			step - spark->step > SPARK_STEPS ? step - SPARK_STEPS : spark->step + 1;
		for (unsigned int reason = 0; reason < RW_REASON_COUNT; reason++)
			spark->steps[reason][spark->step % SPARK_STEPS] = 0;
	}
	for (unsigned int reason = 0; reason < RW_REASON_COUNT; reason++) {
		/* After "down" and "apply" they begin anew. */
		if (drops[reason] > spark->before[reason])
			spark->steps[reason][spark->step % SPARK_STEPS] +=
				drops[reason] - spark->before[reason];
		spark->before[reason] = drops[reason];
	}
}

uint64_t spark_at(const struct spark *spark, unsigned int reason, size_t age)
{
	if (age >= SPARK_STEPS || spark->step <= (int64_t)age)
		return 0;
	return spark->steps[reason][(spark->step - (int64_t)age) % SPARK_STEPS];
}

uint64_t spark_sum(const struct spark *spark, unsigned int reason, size_t width)
{
	uint64_t sum = 0;

	for (size_t age = 0; age < width; age++)
		sum += spark_at(spark, reason, age);
	return sum;
}

uint64_t spark_max(const struct spark *spark, size_t width)
{
	uint64_t max = 0;

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		for (size_t age = 0; age < width && reason_is_drop(reason); age++)
			if (spark_at(spark, reason, age) > max)
				max = spark_at(spark, reason, age);
	return max;
}

static unsigned int bits_of(uint64_t value)
{
	return value ? 64 - __builtin_clzll(value) : 0;
}

/* By powers of two: a scanner and a flood must both be visible. */
unsigned int spark_level(uint64_t value, uint64_t max)
{
	unsigned int level;

	if (!value)
		return 0;
	if (max <= SPARK_LEVELS)
		return value;
	level = bits_of(value) * SPARK_LEVELS / bits_of(max);
	return level ? level : 1;
}

size_t spark_reasons(const struct spark *spark, size_t width, uint8_t *ret, size_t size)
{
	size_t count = 0;

	while (count < size) {
		unsigned int best = 0;
		uint64_t most = 0;

		for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
			uint64_t sum = reason_is_drop(reason) ? spark_sum(spark, reason, width) : 0;

			if (sum > most && !memchr(ret, (int)reason, count)) {
				best = reason;
				most = sum;
			}
		}
		if (!best)
			break;
		ret[count++] = best;
	}
	return count;
}

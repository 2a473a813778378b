/* SPDX-License-Identifier: GPL-2.0 */
/* spark.h - drops by reason over the last minutes. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

#define SPARK_SECONDS 3	  /* a step */
#define SPARK_STEPS   200 /* ten minutes */
#define SPARK_LEVELS  8

/* Zeros are a beginning. */
struct spark {
	uint64_t steps[RW_REASON_COUNT][SPARK_STEPS]; /* a ring */
	uint64_t before[RW_REASON_COUNT];
	int64_t step; /* number of the newest one; 0 = nothing was told yet */
};

/* The counters at a time, in seconds of a clock that never goes back. */
void spark_put(struct spark *spark, const uint64_t drops[RW_REASON_COUNT], int64_t seconds);

/* Of the newest `width` steps; step 0 is the newest. */
uint64_t spark_at(const struct spark *spark, unsigned int reason, size_t age);
uint64_t spark_sum(const struct spark *spark, unsigned int reason, size_t width);
uint64_t spark_max(const struct spark *spark, size_t width);

/* 0 for nothing, else 1 .. SPARK_LEVELS; `max` is the highest, and low ones still differ. */
unsigned int spark_level(uint64_t value, uint64_t max);

/* Reasons with drops in the last `width` steps, most first. Returns how many, at most `size`. */
size_t spark_reasons(const struct spark *spark, size_t width, uint8_t *ret, size_t size);

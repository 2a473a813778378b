/* SPDX-License-Identifier: GPL-2.0 */
/* text.h - numbers and times, as short as a table wants them. All return `ret`, or a constant.
 * Pure. */
#pragma once

#include <stdint.h>

/* "999", "12.3k", "4.5M": in at most `width` cells, 5 at least. */
const char *number_text(uint64_t number, int width, char ret[24]);
const char *rate_text(double rate, char ret[24]);

/* Time of day; longer ago than half a day, the day. */
const char *when_text(int64_t ns, char ret[24]);

/* From now until then, or "for ever" (0). */
const char *left_text(int64_t expires, char ret[24]);

/* SPDX-License-Identifier: GPL-2.0 */
/* since.h - points in time, and how long something takes, as people type them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * "90s", "10m", "2h", "1d", "1h30m": that long before `now`; or RFC 3339, local time if it has no
 * offset. Both are ns since the epoch. Returns false for anything else.
 */
bool since_parse(const char *text, int64_t now, int64_t *ret);

/*
 * "90s", "10m", "2h", "7d", "1w", "1h30m", in seconds; below a thousand years. False for anything else.
 */
bool duration_parse(const char *text, int64_t *ret_seconds);

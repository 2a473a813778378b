/* SPDX-License-Identifier: GPL-2.0 */
/* secret.h - unpredictable random bytes, and a hash that they key: without them, an attacker cannot
 * choose inputs that collide. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int secret_fill(void *ret, size_t size);

/* For one table: filled by secret_fill(). */
struct secret {
	uint64_t words[4];
};

/* Of up to three words; use its high bits. */
uint64_t secret_hash(const struct secret *secret, const uint64_t words[3]);

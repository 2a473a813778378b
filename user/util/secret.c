/* SPDX-License-Identifier: GPL-2.0 */
/* secret.c - the kernel's random numbers, and multilinear hashing. */
#include "util/secret.h"

#include <errno.h>
#include <sys/random.h>

int secret_fill(void *ret, size_t size)
{
	uint8_t *at = ret;

	while (size) {
		ssize_t count = getrandom(at, size, 0);

		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0) {
			at += count;
			size -= count;
		}
	}
	return 0;
}

/* Both halves of a word count in every bit, and the last product mixes the sum. */
uint64_t secret_hash(const struct secret *secret, const uint64_t words[3])
{
	uint64_t hash = 0;

	for (int i = 0; i < 3; i++)
		hash += (words[i] ^ words[i] >> 32) * (secret->words[i] | 1);
	return (hash ^ hash >> 32) * (secret->words[3] | 1);
}

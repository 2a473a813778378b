/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attempts.h - the attempts table, merged over CPUs.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/generation/generation.h"
#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "util/error.h"

#define ATTEMPT_SETS_MAX 96 /* cut where it is longer */

struct attempt {
	struct rw_attempt record; /* packets and bytes summed over CPUs */
	int64_t first_ns; /* ns since the epoch, to the kernel's tick; 0 = the kernel cannot tell */
	int64_t last_ns;
	char interface[16]; /* name of record.ifindex, or "if12" if it is gone */
	uint8_t zone;	    /* one RW_ZONE_* bit: where the policy in force puts the source */
	char sets[ATTEMPT_SETS_MAX]; /* "office,one": those of the policy in force that it is in */
};

/* Its protocol is one that has ports. */
static inline bool attempt_has_port(const struct rw_attempt *record)
{
	return record->l4 == IPPROTO_TCP || record->l4 == IPPROTO_UDP;
}

struct attempts {
	struct attempt *list; /* owned; newest last_ns first */
	size_t count;
};

/* Fill in its zone, if that is not known, and its sets. */
void attempt_place(const struct maps *maps, const struct generation *generation,
		   struct attempt *attempt);

int attempts_read(const struct instance *instance, struct attempts *ret, struct error *ret_error);

/* For those who keep a list of their own: the table's records as they are; owned by the caller. */
int attempts_read_records(const struct maps *maps, struct rw_attempt **ret, size_t *ret_count);

/* Newest first. */
void attempts_sort(struct attempts *attempts);

void attempts_free(struct attempts *attempts);

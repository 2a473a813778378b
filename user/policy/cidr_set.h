/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cidr_set.h - many prefixes, and whether one has an address in common with any of them: a question
 * that takes some twenty steps, however many they are.
 *
 * Sorted, a prefix stands before all that it contains. So what contains the one that is asked about
 * is its predecessor or one of those around that, and what it contains is its successor.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "policy/cidr.h"

struct cidr_item {
	struct cidr cidr;
	uint32_t tag;	/* the caller's */
	uint32_t outer; /* the narrowest other one that contains it, plus 1; 0: there is none */
};

struct cidr_set {
	struct cidr_item *list; /* owned */
	size_t count;
	uint64_t steps; /* prefixes that were looked at by all searches: what they cost */
};

void cidr_set_free(struct cidr_set *set);

/* 0 or -ENOMEM. Behind all of them comes cidr_set_finish(). */
int cidr_set_add(struct cidr_set *set, const struct cidr *cidr, uint32_t tag);

/* Of the same prefix the lowest tag stays. */
void cidr_set_finish(struct cidr_set *set);

/* One that overlaps `cidr` (cidr_overlaps()), the narrowest around it if there is one; NULL. */
const struct cidr_item *cidr_set_find(struct cidr_set *set, const struct cidr *cidr);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policies.h - policies to judge packets by: random, full of edges, and the same for the same seed.
 */
#pragma once

#include "model.h"

/* What the private network of the driver has: devices by these numbers (the first is loopback). */
#define POLICIES_LOOPBACK  1
#define POLICIES_IFINDEX   101 /* 101 .. 104 */
#define POLICIES_DEVICES   4
#define POLICIES_BUSY_SLOT 5  /* this slot and the next are those that most packets arrive on */
#define POLICIES_SLOTS	   10 /* slots that policies use */
#define POLICIES_RULES	   40 /* the most rules a policy has */

/*
 * Policy `number` of `seed`; the first eight between them show every flag. Owned by the caller, who
 * ends it with policy_free. NULL when memory is out.
 */
struct model_policy *policy_generate(uint64_t seed, unsigned int number);
void policy_free(struct model_policy *policy);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tracked.h - what the kernel's connection tracking knows while the oracle runs, in its namespace:
 * entries of TCP and UDP, of both families, translated or not, in several states.
 */
#pragma once

#include "model.h"

/* The same list each time. */
const struct model_tracked *tracked_known(size_t *ret_count);

/* Makes them, as conntrack(8) would. 0 or -errno, which it says on stderr. */
int tracked_make(void);

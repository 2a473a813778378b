/* SPDX-License-Identifier: GPL-2.0 */
/* networks.h - by which interface networks are reached, as the main table of routes has it now. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "policy/cidr.h"

struct network {
	struct cidr prefix;
	uint32_t ifindex; /* 0: by several */
};

struct networks {
	struct network *list; /* owned; no prefix twice */
	size_t count;
};

/*
 * Default routes and link-local networks left out, and what is beyond `most`. 0 or -errno.
 */
int networks_read(size_t most, struct networks *ret);
void networks_free(struct networks *networks);

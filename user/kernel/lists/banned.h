/* SPDX-License-Identifier: GPL-2.0 */
/* banned.h - is this address banned, or will it be once something is applied? */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/object/instance.h"
#include "policy/cidr.h"

struct banned {
	struct cidr ban; /* what has the address in it */
	bool in_kernel;	 /* false: only the file has it, and the next apply puts it back */
};

/* By a ban that has not ended. Takes no lock. A list that cannot be read counts as empty. */
bool banned_find(const struct instance *instance, const uint8_t address[16], struct banned *ret);

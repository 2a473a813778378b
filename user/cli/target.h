/* SPDX-License-Identifier: GPL-2.0 */
/*
 * target.h - "443", "443/tcp", "5060/UDP", "8000-8010/tcp", "https" on the command line.
 */
#pragma once

#include <stdint.h>

#include "cli/cli.h"

struct target {
	uint16_t port; /* host order */
	uint16_t port_end;
	uint8_t l4; /* RW_L4_*; TCP if neither the text nor the service says it */
};

/*
 * A name is a service of the policy in force, else one of /etc/services. One port, or, if `ranges`,
 * several. Returns EXIT_OK, or EXIT_USAGE after printing.
 */
int target_parse(const struct settings *settings, const char *text, bool ranges,
		 struct target *ret);

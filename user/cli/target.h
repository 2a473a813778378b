/* SPDX-License-Identifier: GPL-2.0 */
/* target.h - "443", "443/tcp", "5060/udp" on the command line. */
#pragma once

#include <stdint.h>

#include "cli/cli.h"

struct target {
	uint16_t port;
	uint8_t l4; /* RW_L4_*; TCP if it is not said */
};

/* Returns EXIT_OK, or EXIT_USAGE after printing. */
int target_parse(const struct settings *settings, const char *text, struct target *ret);

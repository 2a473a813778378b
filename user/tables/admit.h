/* SPDX-License-Identifier: GPL-2.0 */
/*
 * admit.h - may this source open a connection to that port? The answer of the tables alone: without
 * bans, openings, and connections that there are. As docs/verdict.md, section 8.
 */
#pragma once

#include "policy/tables.h"

struct admission {
	const char *interface; /* where it arrives; one that is not listed is external */
	const uint8_t *source; /* 16 bytes; IPv4 as ::ffff:a.b.c.d */
	uint8_t l4;	       /* RW_L4_* */
	uint16_t port;	       /* host order */
};

/* RW_ZONE_* bits of the source. */
uint64_t tables_zone(const struct tables *tables, const char *interface, const uint8_t source[16]);

/* What enforcing these tables would do; whether they enforce is not looked at. */
bool tables_admits(const struct tables *tables, const struct admission *admission);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * names.h - the names of what stands as a number in include/rolewall/abi.h: reasons, zones and
 * protocols. The same names everywhere: command line, JSON, metrics, documentation.
 *
 * Names returned are constants. A number without a name gives NULL, never an invention.
 */
#ifndef ROLEWALL_UTIL_NAMES_H
#define ROLEWALL_UTIL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

#define ZONES_TEXT_MAX 48 /* "external,internal,vpn,management" and the NUL, with room */

const char *reason_name(unsigned int reason);
const char *reason_meaning(unsigned int reason);

/* A reason that exists and drops. */
bool reason_is_drop(unsigned int reason);

/* RW_REASON_*, or RW_REASON_NONE if there is no such name. */
unsigned int reason_from_name(const char *name);

/* One RW_ZONE_* bit. */
const char *zone_name(unsigned int zone);

/* Zones of a mask, comma separated: "internal,vpn"; "none" for 0. Returns `ret`. */
const char *zones_text(unsigned int zones, char ret[ZONES_TEXT_MAX]);

/* RW_L4_TCP, RW_L4_UDP. */
const char *l4_name(unsigned int l4);

/* IP protocol number: "tcp", "icmpv6", "esp", ... */
const char *protocol_name(unsigned int protocol);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cidr.h - addresses with a prefix length, as text and as the 16 bytes of the maps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define CIDR_TEXT_MAX 56 /* an IPv6 address, "/128" and the NUL */

/* Bits behind the length are 0. */
struct cidr {
	uint8_t source[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	uint8_t length;	    /* 0 .. 128, of the 16 bytes: IPv4 /n is 96 + n */
};

/*
 * "192.0.2.0/24", "2001:db8::/32", or a bare address, which is a /32 or /128. Refused: bits behind
 * the prefix (the hint has the corrected prefix), and IPv4-mapped IPv6, which never appears on the
 * wire. 0 or -EINVAL; `ret_error` has `what` and `hint`.
 */
int cidr_parse(const char *text, struct cidr *ret, struct error *ret_error);

/* Without "/32" and "/128". `ret` has CIDR_TEXT_MAX bytes. */
void cidr_format(const uint8_t source[16], uint8_t length, char *ret);

/* IPv4, and so never inside an IPv6 prefix, even where the 16 bytes of ::/0 seem to contain it. */
bool cidr_is_ipv4(const uint8_t source[16], uint8_t length);

/* Clear the bits behind the length. */
void cidr_cut(struct cidr *cidr);

/* All 16-byte addresses of the second are in the first, whatever their families. */
bool cidr_covers(const struct cidr *outer, const struct cidr *inner);

/* Some address is in both. IPv4 and IPv6 have none in common. */
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

/* Some of it is private: RFC 1918, RFC 6598 (CGN), RFC 4193 (ULA). */
bool cidr_is_private(const struct cidr *cidr);

/* The order in which a prefix stands before all that it contains: source, then length. */
int cidr_compare(const struct cidr *a, const struct cidr *b);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vectors.h - packets written out byte by byte, each a test of its own with a name.
 *
 * The macros below are only shorthand for bytes: nothing is computed, so a length that lies is a
 * length that was written down as a lie.
 */
#pragma once

#include "harness.h"

struct vector {
	const char *name;     /* of the test: what is true */
	const char *hex;      /* the frame, from the Ethernet header on */
	const char *expected; /* "drop malformed" */
	unsigned int entries; /* FOR_* */
};

/* Two nodes, and a policy with roles mta and proxy: the packets come in on ext0 (zone external). */
extern const char vectors_node[];

#define SOURCE4_AT 26 /* of the source address in a frame without tags */
#define SOURCE6_AT 22

/* The frame `hex4`, or `hex6`, with that source, an address of either family. Owned by the caller. */
struct frame *frame_from_source(const char *source, const char *hex4, const char *hex6);

/* For a cmocka group: a harness with that policy in force. */
int vectors_setup(void **state);

/* Every entry of `entries` (FOR_*) judges the frame `hex` so. */
void expect_hex(struct harness *harness, unsigned int entries, const struct arrival *arrival,
		const char *hex, const char *expected);

/* Run them as a cmocka group against vectors_node. Returns what cmocka returns. */
int vectors_run(const char *group, const struct vector *vectors, size_t count);

#define MACS "02 00 00 00 00 01  02 00 00 00 00 02 "
#define ETH4 MACS "08 00 "
#define ETH6 MACS "86 dd "

/* 192.0.2.9 -> 198.51.100.1; 2001:db8::9 -> 2001:db8::1 */
#define HOSTS4 "c0 00 02 09  c6 33 64 01 "
#define PEER6  "20 01 0d b8 00 00 00 00  00 00 00 00 00 00 00 09 "
#define NODE6  "20 01 0d b8 00 00 00 00  00 00 00 00 00 00 00 01 "
#define HOSTS6 PEER6 NODE6

/* version, IHL, TOS, total length, id, flags and offset, TTL, protocol, checksum, addresses */
#define IP4(total, fragment, protocol)                                                             \
	"45 00 " total " 00 00 " fragment " 40 " protocol " 00 00 " HOSTS4
/* version, class, label, payload length, next header, hop limit, addresses */
#define IP6(payload, next, hops) "60 00 00 00 " payload " " next " " hops " " HOSTS6

/* ports, sequence, acknowledgement, data offset, flags, window, checksum, urgent */
#define TCP(port, flags)                                                                           \
	"9c 40 " port "  00 00 00 01  00 00 00 00  50 " flags " ff ff  00 00 00 00 "
#define UDP(source, port, length) source " " port " " length " 00 00 "

#define SYN "02"
#define ACK "10"

/* Ports as the policy has them. */
#define SMTP   "00 19" /* 25, open to everybody */
#define SSH    "00 16" /* 22, from internal and vpn */
#define CLOSED "27 0f" /* 9999, of no role */
#define GOSSIP "20 6d" /* UDP 8301, from internal */

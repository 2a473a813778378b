/* SPDX-License-Identifier: GPL-2.0 */
/* published_rule.h - what one rule says of the packets that it is for, and what it does to them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#define PUBLISHED_RANGES 16 /* of one rule; what is more is left out */

#define PUBLISHED_SET_NAME 64 /* a longer one is left out */

struct rule_sight {
	uint8_t protocol; /* IPPROTO_*; 0: any */
	struct {
		uint16_t first, last; /* host order */
	} ranges[PUBLISHED_RANGES];
	size_t range_count;
	char set[PUBLISHED_SET_NAME]; /* whose elements are further ports; empty: none */
	bool hands_on;		      /* DNAT or REDIRECT */
};

/* A rule of nf_tables: its NFTA_RULE_EXPRESSIONS. */
void rule_sight_nft(const struct nlattr *expressions, struct rule_sight *ret);

/* Ports that are elements of its set: a message of NFT_MSG_GETSETELEM. */
struct set_ports {
	struct {
		uint16_t port;
		bool is_end; /* of a range that begins below it: the first port that is not in it */
	} list[4 * PUBLISHED_RANGES];
	size_t count;
};

void set_ports_read(const struct nlmsghdr *message, struct set_ports *ports);
void set_ports_add(const struct set_ports *ports, struct rule_sight *sight);

/* A match or a target of iptables, as either kernel side has it. */
void rule_sight_match(const char *name, uint8_t revision, const void *info, size_t size,
		      struct rule_sight *sight);
void rule_sight_target(const char *name, struct rule_sight *sight);

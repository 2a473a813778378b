/* SPDX-License-Identifier: GPL-2.0 */
/* story.h - what a packet is about, before it has any bytes. */
#pragma once

#include "model.h"
#include "random.h"

struct story {
	int family; /* 4, 6 */
	uint8_t source[16];
	uint8_t destination[16];
	uint8_t protocol;
	uint16_t source_port;
	uint16_t port;
	uint8_t tcp_flags;
	uint8_t type; /* ICMP and ICMPv6 */
	uint8_t hop_limit;
};

/* Somebody knocks on a port near the edge of a rule, answers a socket of ours, nearly answers one,
 * ... */
void story_make(struct random *random, const struct model_policy *policy, struct story *ret);

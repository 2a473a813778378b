/* SPDX-License-Identifier: GPL-2.0 */
/*
 * generate.h - packets that know what they are about: most are valid but for one thing, and most
 * touch something that the policy says.
 */
#pragma once

#include "model.h"
#include "random.h"

#define GENERATE_MOST 67000 /* bytes of a packet: more than the 16 bits of IP can say */

struct generated {
	uint32_t ifindex;
	size_t length;
	uint8_t bytes[GENERATE_MOST];
};

/*
 * A packet for `hook`: with an Ethernet header for MODEL_ETHERNET, else starting with the IP
 * header. At least 1 byte, and for XDP at least 14 (BPF_PROG_TEST_RUN takes no less).
 */
void packet_generate(struct random *random, const struct model_policy *policy, enum model_hook hook,
		     struct generated *ret);

/*
 * Another fragment of the datagram that `packet` is one of: what follows it, it once more, or some
 * other. False, and nothing is done, if `packet` is no fragment.
 */
bool fragment_follow(struct random *random, enum model_hook hook, struct generated *packet);

/* The right checksum for an IPv4 header, if there is one. */
void checksum_set(struct generated *packet, size_t network);

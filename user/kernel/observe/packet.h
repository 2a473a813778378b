/* SPDX-License-Identifier: GPL-2.0 */
/* packet.h - the first packet of a conversation, for a question. Checksums are not filled in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 128

struct packet_spec {
	const uint8_t *source;	    /* 16 bytes; IPv4 as ::ffff:a.b.c.d. It says the family */
	const uint8_t *destination; /* the same; of the other family: zeros are written */
	uint16_t port;		    /* destination, host order */
	uint8_t l4;		    /* RW_L4_TCP: a SYN; RW_L4_UDP: a datagram without content */
	bool ethernet;
};

/* Returns the length. */
size_t packet_make(const struct packet_spec *spec, unsigned char ret[PACKET_MAX]);

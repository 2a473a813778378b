/* SPDX-License-Identifier: GPL-2.0 */
/*
 * published.h - ports of this host that a rule of nftables or iptables hands on to another address or
 * port (DNAT, REDIRECT): published containers, above all. As docker, podman and people write them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct published_port {
	uint8_t l4;	   /* RW_L4_* */
	uint16_t port;	   /* host order; as it is on the wire */
	uint16_t port_end; /* the same, if it is one */
};

struct published {
	struct published_port *list; /* owned; each once, by protocol and port */
	size_t count;
};

/*
 * Needs root; what cannot be asked has no rules. Not found: ports in concatenations, and rules that
 * name no port. -ENOMEM.
 */
int published_read(struct published *ret, struct error *ret_error);
void published_free(struct published *published);

/* Is every port from `port` to `port_end` handed on? */
bool published_covers(const struct published *published, uint8_t l4, uint16_t port,
		      uint16_t port_end);

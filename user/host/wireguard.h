/* SPDX-License-Identifier: GPL-2.0 */
/* wireguard.h - a WireGuard device of the kernel, by generic netlink (linux/wireguard.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct wireguard {
	uint16_t port;	   /* UDP, where it listens, host order; 0: it does not */
	bool has_endpoint; /* of the peer whose allowed IPs hold the address */
	uint8_t endpoint[16];
};

/* -EPERM without CAP_NET_ADMIN, -ENOENT where the kernel has no WireGuard, and the like. */
int wireguard_read(uint32_t ifindex, const uint8_t inside[16], struct wireguard *ret);

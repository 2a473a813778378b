/* SPDX-License-Identifier: GPL-2.0 */
/*
 * carrier.h - what a tunnel of the kernel comes in by: a UDP port, or an IP protocol.
 *
 * What the kernel sends by itself passes no hook of a socket, so that its answers are no
 * conversation: a tunnel lives only where the policy lets its outer packets in
 * (docs/operations.md). A tunnel of a process (OpenVPN, wireguard-go) is none of these.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct carrier {
	char kind[16];	  /* "wireguard", as `ip link add type` has it; empty: it is no tunnel */
	uint8_t protocol; /* IP protocol; 0: none */
	uint16_t port; /* UDP, of this host, host order; 0: none. With a protocol: either will do */
	bool is_ipv6;  /* its packets are known to come over IPv6 */
	bool has_peer;
	uint8_t peer[16]; /* who sends them; IPv4 as ::ffff:a.b.c.d */
};

/* Of a tunnel whose protocol and port both are 0 they could not be found out. */
bool carrier_is_known(const struct carrier *carrier);

/* How what comes from that address inside comes in by that device. Zeros: it is no tunnel. */
void carrier_find(const char *device, const uint8_t inside[16], struct carrier *ret);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client_ports.h - the local ports of clients: those that the kernel gives to sockets which do not
 * ask for one (RFC 6056; net.ipv4.ip_local_port_range), and the fixed ones of DHCP and NTP clients.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct client_ports {
	uint16_t first, last; /* host order, inclusive */
};

/* As the kernel says now, or its own default. */
void client_ports_read(struct client_ports *ret);

/* `l4` is RW_L4_*. */
bool is_client_port(const struct client_ports *ports, uint8_t l4, uint16_t port);

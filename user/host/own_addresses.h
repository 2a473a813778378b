/* SPDX-License-Identifier: GPL-2.0 */
/* own_addresses.h - the addresses of this host, as the kernel has them now. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct own_addresses {
	uint8_t (*list)[16]; /* owned; IPv4 as ::ffff:a.b.c.d */
	size_t count;
};

/* 127.0.0.0/8, ::1 */
bool address_is_loopback(const uint8_t address[16]);

/* Of all interfaces, loopback included. 0 or -errno. */
int own_addresses_read(struct own_addresses *ret);
void own_addresses_free(struct own_addresses *addresses);

/* False: it is neither IPv4 nor IPv6. */
bool sockaddr_read(const struct sockaddr *address, uint8_t ret[16]);

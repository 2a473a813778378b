/* SPDX-License-Identifier: GPL-2.0 */
/* own_addresses.c - getifaddrs(3). */
#include "host/own_addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

bool sockaddr_read(const struct sockaddr *address, uint8_t ret[16])
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (address && address->sa_family == AF_INET6) {
		memcpy(ret, &ipv6->sin6_addr, 16);
		return true;
	}
	if (!address || address->sa_family != AF_INET)
		return false;
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), &ipv4->sin_addr, 4);
	return true;
}

bool address_is_loopback(const uint8_t address[16])
{
	static const uint8_t ipv4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
	static const uint8_t ipv6[16] = {[15] = 1};

	return !memcmp(address, ipv4, sizeof(ipv4)) || !memcmp(address, ipv6, sizeof(ipv6));
}

static int address_add(struct own_addresses *addresses, const struct sockaddr *address)
{
	uint8_t bytes[16];
	void *added;

	if (!sockaddr_read(address, bytes))
		return 0;
	added = array_append(&addresses->list, &addresses->count, sizeof(*addresses->list));
	if (!added)
		return -ENOMEM;
	memcpy(added, bytes, sizeof(bytes));
	return 0;
}

int own_addresses_read(struct own_addresses *ret)
{
	struct own_addresses addresses = {0};
	struct ifaddrs *list;
	int r = 0;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; !r && at; at = at->ifa_next)
		r = address_add(&addresses, at->ifa_addr);
	freeifaddrs(list);
	if (r)
		own_addresses_free(&addresses);
	else
		*ret = addresses;
	return r;
}

void own_addresses_free(struct own_addresses *addresses)
{
	free(addresses->list);
	*addresses = (struct own_addresses){0};
}

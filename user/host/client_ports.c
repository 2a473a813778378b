/* SPDX-License-Identifier: GPL-2.0 */
/* client_ports.c - the local ports of clients. */
#include "host/client_ports.h"

#include <stdio.h>

#include <rolewall/abi.h>

#include "util/cleanup.h"

#define DHCP_CLIENT   68  /* RFC 2131 */
#define NTP	      123 /* ntpd and chrony ask from it, too */
#define DHCPV6_CLIENT 546 /* RFC 8415 */

void client_ports_read(struct client_ports *ret)
{
	_fclose_ FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (!file || fscanf(file, "%hu %hu", &ret->first, &ret->last) != 2 ||
	    ret->first > ret->last)
		*ret = (struct client_ports){32768, 60999};
}

bool is_client_port(const struct client_ports *ports, uint8_t l4, uint16_t port)
{
	if (port >= ports->first && port <= ports->last)
		return true;
	return l4 == RW_L4_UDP && (port == DHCP_CLIENT || port == NTP || port == DHCPV6_CLIENT);
}

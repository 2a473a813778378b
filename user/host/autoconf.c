/* SPDX-License-Identifier: GPL-2.0 */
/* autoconf.c - RTM_GETADDR, RTM_GETROUTE, sockets that wait, and net.ipv6.conf.DEVICE.accept_ra. */
#include "host/autoconf.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <rolewall/abi.h>

#include "host/netlink.h"
#include "util/array.h"
#include "util/cleanup.h"

#define EVERYTHING	(RW_ACCEPTS_RA | RW_ACCEPTS_DHCP)
#define DHCP_CLIENT	68
#define DHCPV6_CLIENT	546
#define ROUTE_FROM_RA	9  /* RTPROT_RA, linux/rtnetlink.h */
#define ROUTE_FROM_DHCP 16 /* RTPROT_DHCP */
#define RA_ALWAYS	2  /* accept_ra: even where the host forwards */

void autoconf_free(struct autoconf *autoconf)
{
	free(autoconf->list);
	*autoconf = (struct autoconf){0};
}

static struct autoconf_device *device_at(struct autoconf *autoconf, uint32_t ifindex)
{
	struct autoconf_device *device;

	for (size_t i = 0; i < autoconf->count; i++)
		if (autoconf->list[i].ifindex == ifindex)
			return &autoconf->list[i];
	device = array_append(&autoconf->list, &autoconf->count, sizeof(*device));
	if (device)
		*device = (struct autoconf_device){.ifindex = ifindex};
	return device;
}

/* --- addresses and ways ----------------------------------------------------------------------- */

/* An address with a lifetime was given, over IPv6 by either of the two. */
static int address_read(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(message);
	struct autoconf_device *device;

	if (message->nlmsg_type != RTM_NEWADDR || address->ifa_scope >= RT_SCOPE_LINK)
		return MNL_CB_OK;
	device = device_at(context, address->ifa_index);
	if (!device) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	device->has_ipv4 |= address->ifa_family == AF_INET;
	if (!(address->ifa_flags & IFA_F_PERMANENT))
		device->uses |= address->ifa_family == AF_INET ? RW_ACCEPTS_DHCP : EVERYTHING;
	return MNL_CB_OK;
}

static int route_read(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	uint8_t kind = route->rtm_protocol == ROUTE_FROM_RA	? RW_ACCEPTS_RA
		       : route->rtm_protocol == ROUTE_FROM_DHCP ? RW_ACCEPTS_DHCP
								: 0;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE || !kind)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		struct autoconf_device *device;

		if (mnl_attr_get_type(attr) != RTA_OIF)
			continue;
		device = device_at(context, mnl_attr_get_u32(attr));
		if (!device) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		device->uses |= kind;
	}
	return MNL_CB_OK;
}

static bool lists_read(struct autoconf *autoconf)
{
	const struct ifaddrmsg any_address = {.ifa_family = AF_UNSPEC};
	const struct rtmsg any_route = {.rtm_family = AF_UNSPEC};
	const struct netlink_request addresses = {NETLINK_ROUTE, RTM_GETADDR, &any_address,
						  sizeof(any_address)};
	const struct netlink_request routes = {NETLINK_ROUTE, RTM_GETROUTE, &any_route,
					       sizeof(any_route)};

	/* What is read twice, because the list changed, says the same. */
	return netlink_dump(&addresses, address_read, NULL, autoconf) == 0 &&
	       netlink_dump(&routes, route_read, NULL, autoconf) == 0;
}

/* --- who waits -------------------------------------------------------------------------------- */

/* Is a socket of that file bound to the port? Of raw sockets the port is the protocol. */
static bool has_socket(const char *path, unsigned int wanted)
{
	_fclose_ FILE *file = fopen(path, "re");
	unsigned int port;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %*[^:]: %*[0-9A-Fa-f]:%x", &port) == 1 && port == wanted)
			return true;
	return false;
}

static uint8_t listens_read(void)
{
	uint8_t kinds = 0;

	if (has_socket("/proc/net/udp", DHCP_CLIENT) || has_socket("/proc/net/udp6", DHCPV6_CLIENT))
		kinds |= RW_ACCEPTS_DHCP;
	/* Where systemd-networkd or NetworkManager reads advertisements, the kernel does not. */
	if (has_socket("/proc/net/raw6", IPPROTO_ICMPV6))
		kinds |= RW_ACCEPTS_RA;
	return kinds;
}

void autoconf_read(struct autoconf *ret)
{
	ret->is_known = lists_read(ret);
	ret->listens = listens_read();
}

/* --- one device ------------------------------------------------------------------------------- */

/* -1: there is no such switch. */
static int switch_read(const char *name, const char *key)
{
	_fclose_ FILE *file = NULL;
	char path[128];
	int value;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", name, key);
	file = fopen(path, "re");
	return file && fscanf(file, "%d", &value) == 1 ? value : -1;
}

static bool kernel_takes_ra(const char *name)
{
	int accepts = switch_read(name, "accept_ra");

	return accepts == RA_ALWAYS || (accepts == 1 && switch_read(name, "forwarding") != 1);
}

uint8_t autoconf_uses(const struct autoconf *autoconf, const char *name)
{
	uint32_t ifindex = if_nametoindex(name);
	uint8_t uses = autoconf->listens;
	bool has_ipv4 = false;

	if (!ifindex || !autoconf->is_known)
		return EVERYTHING;
	for (size_t i = 0; i < autoconf->count; i++) {
		if (autoconf->list[i].ifindex != ifindex)
			continue;
		uses |= autoconf->list[i].uses;
		has_ipv4 = autoconf->list[i].has_ipv4;
	}
	if (!has_ipv4) /* it may be waiting for one */
		uses |= RW_ACCEPTS_DHCP;
	if (kernel_takes_ra(name))
		uses |= RW_ACCEPTS_RA;
	return uses;
}

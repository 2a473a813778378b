/* SPDX-License-Identifier: GPL-2.0 */
/* networks.c - RTM_GETROUTE, all of them (linux/rtnetlink.h). */
#include "host/networks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "host/netlink.h"
#include "util/array.h"

#define IPV4_BITS 96

struct reading {
	struct networks networks;
	size_t most;
};

static struct network *network_find(struct networks *networks, const struct cidr *prefix)
{
	for (size_t i = 0; i < networks->count; i++)
		if (networks->list[i].prefix.length == prefix->length &&
		    !memcmp(networks->list[i].prefix.source, prefix->source,
			    sizeof(prefix->source)))
			return &networks->list[i];
	return NULL;
}

static int network_add(struct reading *reading, const struct network *network)
{
	struct network *at = network_find(&reading->networks, &network->prefix);

	if (at) {
		if (at->ifindex != network->ifindex)
			at->ifindex = 0;
		return 0;
	}
	if (reading->networks.count == reading->most)
		return 0;
	at = array_append(&reading->networks.list, &reading->networks.count, sizeof(*at));
	if (!at)
		return -ENOMEM;
	*at = *network;
	return 0;
}

static bool is_link_local(const struct cidr *prefix)
{
	return prefix->source[0] == 0xfe && (prefix->source[1] & 0xc0) == 0x80;
}

/* False: it says nothing of a network. */
static bool network_read(const struct nlmsghdr *message, struct network *ret)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct network network = {0};
	const struct nlattr *attr;
	bool ipv4 = route->rtm_family == AF_INET;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_table != RT_TABLE_MAIN ||
	    route->rtm_type != RTN_UNICAST || !route->rtm_dst_len ||
	    (!ipv4 && route->rtm_family != AF_INET6))
		return false;
	if (ipv4)
		memset(network.prefix.source + 10, 0xff, 2);
	network.prefix.length = (ipv4 ? IPV4_BITS : 0) + route->rtm_dst_len;
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF)
			network.ifindex = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == RTA_DST)
			memcpy(network.prefix.source + (ipv4 ? 12 : 0), mnl_attr_get_payload(attr),
			       ipv4 ? 4 : 16);
	}
	*ret = network;
	return !is_link_local(&network.prefix);
}

static int route_read(const struct nlmsghdr *message, void *context)
{
	struct network network;

	if (!network_read(message, &network) || !network_add(context, &network))
		return MNL_CB_OK;
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

static void forget(void *context)
{
	struct reading *reading = context;

	reading->networks.count = 0;
}

int networks_read(size_t most, struct networks *ret)
{
	const struct rtmsg any = {.rtm_family = AF_UNSPEC};
	const struct netlink_request request = {NETLINK_ROUTE, RTM_GETROUTE, &any, sizeof(any)};
	struct reading reading = {.most = most};
	int r = netlink_dump(&request, route_read, forget, &reading);

	if (r)
		networks_free(&reading.networks);
	else
		*ret = reading.networks;
	return r;
}

void networks_free(struct networks *networks)
{
	free(networks->list);
	*networks = (struct networks){0};
}

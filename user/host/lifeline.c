/* SPDX-License-Identifier: GPL-2.0 */
/* lifeline.c - resolv.conf(5), and default routes by rtnetlink(7). */
#include "host/lifeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "host/netlink.h"
#include "policy/cidr.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

#define RESOLV_BYTES_MAX (1 << 16)

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* --- resolvers -------------------------------------------------------------------------------- */

static void lifeline_add(struct lifelines *lifelines, const uint8_t address[16], uint16_t why)
{
	struct prefix prefix = {.length = 128, .bits = why};

	memcpy(prefix.source, address, sizeof(prefix.source));
	for (size_t i = 0; i < lifelines->count; i++)
		if (!memcmp(lifelines->list[i].source, address, sizeof(prefix.source)))
			return;
	if (lifelines->count < RW_LIFELINES)
		lifelines->list[lifelines->count++] = prefix;
}

static bool cidr_is_loopback(const struct cidr *cidr)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return cidr_is_ipv4(cidr->source, cidr->length) ? cidr->source[12] == 127
							: !memcmp(cidr->source, loopback6, 16);
}

/* "nameserver ADDRESS[%SCOPE]" */
static void resolver_add(struct lifelines *lifelines, char *line)
{
	static const char key[] = "nameserver";
	size_t length = sizeof(key) - 1;
	struct cidr cidr;

	if (strncmp(line, key, length) != 0 || !line[length] || !strchr(" \t", line[length]))
		return;
	line += length + strspn(line + length, " \t");
	line[strcspn(line, " \t\r%#;")] = '\0';
	if (!cidr_parse(line, &cidr, NULL) && cidr.length == 128 && !cidr_is_loopback(&cidr))
		lifeline_add(lifelines, cidr.source, RW_NEVER_BAN_RESOLVER);
}

void lifelines_add_resolvers(struct lifelines *lifelines, const char *text)
{
	_free_ char *copy = strdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		resolver_add(lifelines, line);
}

/* The second is whom systemd-resolved asks, where the first only names that. */
static void add_resolvers(struct lifelines *lifelines)
{
	static const char *const paths[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_free_ char *text = NULL;
		size_t size;

		if (!file_read(paths[i], RESOLV_BYTES_MAX, &text, &size, NULL))
			lifelines_add_resolvers(lifelines, text);
	}
}

/* --- gateways --------------------------------------------------------------------------------- */

static void add_gateway(struct lifelines *lifelines, int family, const void *address)
{
	uint8_t source[16];

	if (family == AF_INET) {
		memcpy(source, mapped, sizeof(mapped));
		memcpy(source + sizeof(mapped), address, 4);
	} else {
		memcpy(source, address, sizeof(source));
	}
	lifeline_add(lifelines, source, RW_NEVER_BAN_GATEWAY);
}

static size_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

/* RTA_GATEWAY, or RTA_VIA: the gateway of the other family. */
static void gateway_read(struct lifelines *lifelines, int family, const struct nlattr *attr)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t size = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) == RTA_GATEWAY && size >= address_size(family))
		add_gateway(lifelines, family, mnl_attr_get_payload(attr));
	else if (mnl_attr_get_type(attr) == RTA_VIA && size > sizeof(*via) &&
		 size >= sizeof(*via) + address_size(via->rtvia_family))
		add_gateway(lifelines, via->rtvia_family, via->rtvia_addr);
}

static void hops_read(struct lifelines *lifelines, int family, const struct nlattr *hops)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(hops);
	int left = mnl_attr_get_payload_len(hops);
	const struct nlattr *attr;

	for (; RTNH_OK(hop, left); left -= RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		mnl_attr_for_each_payload((const void *)RTNH_DATA(hop),
					  hop->rtnh_len - RTNH_LENGTH(0))
			gateway_read(lifelines, family, attr);
}

static int route_read(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_dst_len ||
	    route->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			hops_read(context, route->rtm_family, attr);
		else
			gateway_read(context, route->rtm_family, attr);
	}
	return MNL_CB_OK;
}

int lifelines_read(struct lifelines *ret, struct error *ret_error)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct lifelines lifelines = {0};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct rtmsg any = {.rtm_family = families[i]};
		const struct netlink_request request = {
			.family = NETLINK_ROUTE,
			.type = RTM_GETROUTE,
			.payload = &any,
			.size = sizeof(any),
		};
		int r = netlink_dump(&request, route_read, NULL, &lifelines);

		/* -EOPNOTSUPP: a kernel without IPv6 has no routes of it. */
		if (r < 0 && r != -EOPNOTSUPP)
			return error_set(ret_error, -r, "cannot read the routes of this host: %s",
					 strerror(-r));
	}
	add_resolvers(&lifelines);
	*ret = lifelines;
	return 0;
}

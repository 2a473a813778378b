/* SPDX-License-Identifier: GPL-2.0 */
/* forwarding.c - ask rtnetlink, nf_tables and /proc. */
#include "host/forwarding.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include "host/device.h"
#include "host/netfilter_rules.h"
#include "host/netlink.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

/* --- routing ---------------------------------------------------------------------------------- */

/* What later interfaces will do says nothing of those that are there. */
static int netconf_read(const struct nlmsghdr *message, void *context)
{
	bool *routes = context;
	int32_t ifindex = NETCONFA_IFINDEX_DEFAULT, forwarding = 0;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct netconfmsg))
	{
		if (mnl_attr_get_type(attr) == NETCONFA_IFINDEX)
			ifindex = (int32_t)mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == NETCONFA_FORWARDING)
			forwarding = (int32_t)mnl_attr_get_u32(attr);
	}
	if (ifindex != NETCONFA_IFINDEX_DEFAULT && forwarding)
		*routes = true;
	return MNL_CB_OK;
}

static bool routes_by(unsigned char family)
{
	const struct netconfmsg message = {.ncm_family = family};
	const struct netlink_request request = {
		.family = NETLINK_ROUTE,
		.type = RTM_GETNETCONF,
		.payload = &message,
		.size = sizeof(message),
	};
	bool routes = false;

	netlink_dump(&request, netconf_read, NULL, &routes);
	return routes;
}

/* --- translating ------------------------------------------------------------------------------ */

static bool is_nat_target(const struct nlattr *data)
{
	static const char *const targets[] = {"DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"};
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, data)
	{
		if (mnl_attr_get_type(attr) != NFTA_TARGET_NAME)
			continue;
		for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
			if (!strcmp(mnl_attr_get_str(attr), targets[i]))
				return true;
	}
	return false;
}

static bool is_nat(const struct nlattr *expression)
{
	static const char *const names[] = {"nat", "masq", "redir"};
	const struct nlattr *attr, *data = NULL;
	const char *name = "";

	mnl_attr_for_each_nested(attr, expression)
	{
		if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NFTA_EXPR_DATA)
			data = attr;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return data && !strcmp(name, "target") && is_nat_target(data);
}

static int rule_read(const struct nlmsghdr *message, void *context)
{
	bool *translates = context;
	const struct nlattr *attr, *expression;

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_RULE_EXPRESSIONS)
			continue;
		mnl_attr_for_each_nested(expression, attr)
		{
			if (is_nat(expression))
				*translates = true;
		}
	}
	return MNL_CB_OK;
}

/* By nft, or by iptables where that is a front of nf_tables. */
static bool translates_by_nftables(void)
{
	bool translates = false;

	netfilter_rules_read(rule_read, NULL, &translates);
	return translates;
}

/* The older iptables: its table nat is there once a rule of it has been asked for. */
bool forwarding_has_iptables(bool ipv6)
{
	const char *path = ipv6 ? "/proc/net/ip6_tables_names" : "/proc/net/ip_tables_names";
	_free_ char *text = NULL;
	size_t size;

	return file_read(path, 1024, &text, &size, NULL) == 0 && strstr(text, "nat\n");
}

/* --- tunnels ---------------------------------------------------------------------------------- */

/* Kinds of devices, as `ip link add type` has them. (IPsec without a device is not seen.) */
static bool is_tunnel(const struct device *device)
{
	static const char *const kinds[] = {
		"wireguard", "amneziawg", "vxlan",  "geneve",	 "bareudp",   "gre",
		"gretap",    "erspan",	  "ip6gre", "ip6gretap", "ip6erspan", "ipip",
		"sit",	     "ip6tnl",	  "vti",    "vti6",	 "xfrm"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (device_is(device, kinds[i]))
			return true;
	return false;
}

static bool has_tunnels(void)
{
	_cleanup_(devices_free) struct devices devices = {0};

	if (devices_read(&devices, NULL))
		return false;
	for (size_t i = 0; i < devices.count; i++)
		if (devices.list[i].up && is_tunnel(&devices.list[i]))
			return true;
	return false;
}

/* --- the whole -------------------------------------------------------------------------------- */

void forwarding_read(struct forwarding *ret)
{
	ret->tracks = access("/proc/sys/net/netfilter/nf_conntrack_count", F_OK) == 0;
	ret->tunnels = has_tunnels();
	ret->routes = routes_by(AF_INET) || routes_by(AF_INET6);
	/* Rules may be many; who routes need not be asked. */
	ret->translates =
		!ret->routes && (forwarding_has_iptables(false) || forwarding_has_iptables(true) ||
				 translates_by_nftables());
}

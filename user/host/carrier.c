/* SPDX-License-Identifier: GPL-2.0 */
/* carrier.c - the kinds of tunnels, and what rtnetlink says of one. */
#include "host/carrier.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>

#include "host/netlink.h"
#include "host/wireguard.h"
#include "policy/cidr.h"
#include "util/array.h"

#define PROTOCOL_OF_INSIDE 255 /* IPv4 in IP, or IPv6 in IP; reserved by IANA */
#define PORT_NAT_TRAVERSAL 4500

/* The last four are attributes within IFLA_INFO_DATA; 0: it has none. */
struct tunnel {
	const char *kind;
	uint8_t protocol;
	uint16_t port;
	uint16_t port_attr;
	uint16_t peer_attr;
	uint16_t peer6_attr;
	uint16_t encap_attr; /* wrapped once more, in a UDP port that is not the device's */
};

static const struct tunnel tunnels[] = {
	{"gre", IPPROTO_GRE, 0, 0, IFLA_GRE_REMOTE, 0, IFLA_GRE_ENCAP_TYPE},
	{"gretap", IPPROTO_GRE, 0, 0, IFLA_GRE_REMOTE, 0, IFLA_GRE_ENCAP_TYPE},
	{"erspan", IPPROTO_GRE, 0, 0, IFLA_GRE_REMOTE, 0, IFLA_GRE_ENCAP_TYPE},
	{"ip6gre", IPPROTO_GRE, 0, 0, 0, IFLA_GRE_REMOTE, IFLA_GRE_ENCAP_TYPE},
	{"ip6gretap", IPPROTO_GRE, 0, 0, 0, IFLA_GRE_REMOTE, IFLA_GRE_ENCAP_TYPE},
	{"ip6erspan", IPPROTO_GRE, 0, 0, 0, IFLA_GRE_REMOTE, IFLA_GRE_ENCAP_TYPE},
	{"ipip", PROTOCOL_OF_INSIDE, 0, 0, IFLA_IPTUN_REMOTE, 0, IFLA_IPTUN_ENCAP_TYPE},
	{"sit", PROTOCOL_OF_INSIDE, 0, 0, IFLA_IPTUN_REMOTE, 0, IFLA_IPTUN_ENCAP_TYPE},
	{"ip6tnl", PROTOCOL_OF_INSIDE, 0, 0, 0, IFLA_IPTUN_REMOTE, IFLA_IPTUN_ENCAP_TYPE},
	{"vti", IPPROTO_ESP, PORT_NAT_TRAVERSAL, 0, IFLA_VTI_REMOTE, 0, 0},
	{"vti6", IPPROTO_ESP, PORT_NAT_TRAVERSAL, 0, 0, IFLA_VTI_REMOTE, 0},
	{"xfrm", IPPROTO_ESP, PORT_NAT_TRAVERSAL, 0, 0, 0, 0},
	{"vxlan", 0, 0, IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6, 0},
	{"geneve", 0, 0, IFLA_GENEVE_PORT, IFLA_GENEVE_REMOTE, IFLA_GENEVE_REMOTE6, 0},
	{"wireguard", 0, 0, 0, 0, 0, 0},
};

/* What is asked of one device. */
struct query {
	uint32_t ifindex;
	const uint8_t *inside;
	struct carrier *carrier;
};

static const struct tunnel *tunnel_by_kind(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(tunnels); i++)
		if (!strcmp(tunnels[i].kind, kind))
			return &tunnels[i];
	return NULL;
}

static void peer_set(struct carrier *carrier, const uint8_t peer[16])
{
	carrier->has_peer = true;
	carrier->is_ipv6 = !cidr_is_ipv4(peer, 128);
	memcpy(carrier->peer, peer, sizeof(carrier->peer));
}

/* A multicast group, or the address of all zeros, is no peer. */
static void peer_read(const struct nlattr *attr, struct carrier *carrier)
{
	static const uint8_t unset[16];
	uint8_t peer[16] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *address = mnl_attr_get_payload(attr);
	uint16_t size = mnl_attr_get_payload_len(attr);

	if ((size != 4 && size != 16) || !memcmp(address, unset, size) ||
	    (size == 4 ? address[0] >> 4 == 0xe : address[0] == 0xff))
		return;
	memcpy(peer + sizeof(peer) - size, address, size);
	peer_set(carrier, peer);
}

static void data_read(const struct tunnel *tunnel, const struct nlattr *data,
		      struct carrier *carrier)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, data)
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == tunnel->port_attr)
			carrier->port = ntohs(mnl_attr_get_u16(attr));
		else if (type == tunnel->peer_attr || type == tunnel->peer6_attr)
			peer_read(attr, carrier);
		else if (type == tunnel->encap_attr && mnl_attr_get_u16(attr))
			carrier->protocol = 0;
	}
}

static void wireguard_ask(const struct query *query)
{
	struct wireguard wireguard;

	if (wireguard_read(query->ifindex, query->inside, &wireguard))
		return;
	query->carrier->port = wireguard.port;
	if (wireguard.has_endpoint)
		peer_set(query->carrier, wireguard.endpoint);
}

static void tunnel_read(const struct tunnel *tunnel, const struct nlattr *data,
			const struct query *query)
{
	struct carrier *carrier = query->carrier;

	strncpy(carrier->kind, tunnel->kind, sizeof(carrier->kind) - 1);
	carrier->protocol = tunnel->protocol;
	if (tunnel->protocol == PROTOCOL_OF_INSIDE)
		carrier->protocol = cidr_is_ipv4(query->inside, 128) ? IPPROTO_IPIP : IPPROTO_IPV6;
	carrier->port = tunnel->port;
	carrier->is_ipv6 = tunnel->peer6_attr && !tunnel->peer_attr;
	if (data)
		data_read(tunnel, data, carrier);
}

/* IFLA_LINKINFO { IFLA_INFO_KIND, IFLA_INFO_DATA { ... } }. */
static void linkinfo_read(const struct nlattr *linkinfo, const struct query *query)
{
	const struct nlattr *attr, *data = NULL;
	const struct tunnel *tunnel = NULL;

	mnl_attr_for_each_nested(attr, linkinfo)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			tunnel = tunnel_by_kind(mnl_attr_get_str(attr));
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (tunnel)
		tunnel_read(tunnel, data, query);
}

static int link_read(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct query *query = context;
	const struct nlattr *attr;

	if ((uint32_t)info->ifi_index != query->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			linkinfo_read(attr, query);
	}
	return MNL_CB_OK;
}

bool carrier_is_known(const struct carrier *carrier)
{
	return carrier->protocol || carrier->port;
}

void carrier_find(const char *device, const uint8_t inside[16], struct carrier *ret)
{
	const struct ifinfomsg all = {.ifi_family = AF_UNSPEC};
	const struct netlink_request request = {
		.family = NETLINK_ROUTE,
		.type = RTM_GETLINK,
		.payload = &all,
		.size = sizeof(all),
	};
	struct carrier carrier = {0};
	struct query query = {
		.ifindex = if_nametoindex(device),
		.inside = inside,
		.carrier = &carrier,
	};

	/* What cannot be asked is no reason to refuse anything. */
	if (query.ifindex)
		netlink_dump(&request, link_read, NULL, &query);
	if (!strcmp(carrier.kind, "wireguard"))
		wireguard_ask(&query);
	*ret = carrier;
}

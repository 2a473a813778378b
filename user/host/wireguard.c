/* SPDX-License-Identifier: GPL-2.0 */
/* wireguard.c - WG_CMD_GET_DEVICE: the port, and the peer that an address belongs to. */
#include "host/wireguard.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/wireguard.h>

#include "host/genetlink.h"
#include "host/netlink.h"
#include "policy/cidr.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* --- the device ------------------------------------------------------------------------------- */

/*
 * The search for the peer of an address. Of a peer with many allowed IPs each message has a part.
 */
struct search {
	struct cidr inside;
	int longest; /* prefix of the peer found; -1: none */
	uint8_t key[WG_KEY_LEN];
	bool has_endpoint; /* the peer of that key */
	uint8_t endpoint[16];
	struct wireguard found;
};

static void search_forget(void *context)
{
	struct search *search = context;

	*search = (struct search){.inside = search->inside, .longest = -1};
}

static bool address_read(const struct nlattr *attr, uint8_t ret[16])
{
	const void *payload = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) == 16) {
		memcpy(ret, payload, 16);
		return true;
	}
	if (mnl_attr_get_payload_len(attr) != 4)
		return false;
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), payload, 4);
	return true;
}

static bool endpoint_read(const struct nlattr *attr, uint8_t ret[16])
{
	struct sockaddr_in6 ipv6;
	struct sockaddr_in ipv4;

	if (mnl_attr_get_payload_len(attr) == sizeof(ipv6)) {
		memcpy(&ipv6, mnl_attr_get_payload(attr), sizeof(ipv6));
		memcpy(ret, &ipv6.sin6_addr, 16);
		return true;
	}
	if (mnl_attr_get_payload_len(attr) != sizeof(ipv4))
		return false;
	memcpy(&ipv4, mnl_attr_get_payload(attr), sizeof(ipv4));
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), &ipv4.sin_addr, 4);
	return true;
}

/* Longest prefix wins, as in the kernel. */
static void allowed_read(const struct nlattr *allowed, struct search *search)
{
	struct cidr prefix = {0};
	const struct nlattr *attr;
	bool has_address = false;
	uint8_t length = 0;

	mnl_attr_for_each_nested(attr, allowed)
	{
		if (mnl_attr_get_type(attr) == WGALLOWEDIP_A_IPADDR)
			has_address = address_read(attr, prefix.source);
		else if (mnl_attr_get_type(attr) == WGALLOWEDIP_A_CIDR_MASK)
			length = mnl_attr_get_u8(attr);
	}
	if (!has_address)
		return;
	prefix.length = cidr_is_ipv4(prefix.source, 128) ? 96 + length : length;
	if (prefix.length <= search->longest || !cidr_covers(&prefix, &search->inside) ||
	    cidr_is_ipv4(prefix.source, 128) != cidr_is_ipv4(search->inside.source, 128))
		return;
	search->longest = prefix.length;
	search->found.has_endpoint = search->has_endpoint;
	memcpy(search->found.endpoint, search->endpoint, sizeof(search->endpoint));
}

/* Its key stands first, its allowed IPs behind its endpoint. */
static void peer_read(const struct nlattr *peer, struct search *search)
{
	const struct nlattr *attr, *allowed;

	mnl_attr_for_each_nested(attr, peer)
	{
		const void *payload = mnl_attr_get_payload(attr);

		switch (mnl_attr_get_type(attr)) {
		case WGPEER_A_PUBLIC_KEY:
			if (mnl_attr_get_payload_len(attr) != WG_KEY_LEN ||
			    !memcmp(search->key, payload, WG_KEY_LEN))
				break;
			memcpy(search->key, payload, WG_KEY_LEN);
			search->has_endpoint = false;
			break;
		case WGPEER_A_ENDPOINT:
			search->has_endpoint = endpoint_read(attr, search->endpoint);
			break;
		case WGPEER_A_ALLOWEDIPS:
			mnl_attr_for_each_nested(allowed, attr) allowed_read(allowed, search);
			break;
		}
	}
}

static int device_read(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attr, *peer;
	struct search *search = context;

	mnl_attr_for_each(attr, message, GENL_HDRLEN)
	{
		if (mnl_attr_get_type(attr) == WGDEVICE_A_LISTEN_PORT)
			search->found.port = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != WGDEVICE_A_PEERS)
			continue;
		mnl_attr_for_each_nested(peer, attr) peer_read(peer, search);
	}
	return MNL_CB_OK;
}

int wireguard_read(uint32_t ifindex, const uint8_t inside[16], struct wireguard *ret)
{
	const struct {
		struct genlmsghdr header;
		struct nlattr attr;
		uint32_t ifindex;
	} which = {
		.header = {.cmd = WG_CMD_GET_DEVICE, .version = WG_GENL_VERSION},
		.attr = {.nla_len = sizeof(which.attr) + sizeof(which.ifindex),
			 .nla_type = WGDEVICE_A_IFINDEX},
		.ifindex = ifindex,
	};
	struct netlink_request request = {
		.family = NETLINK_GENERIC,
		.payload = &which,
		.size = sizeof(which),
	};
	struct search search = {.inside = {.length = 128}, .longest = -1};
	int r = genetlink_family(WG_GENL_NAME, &request.type);

	if (r)
		return r;
	memcpy(search.inside.source, inside, sizeof(search.inside.source));
	r = netlink_dump(&request, device_read, search_forget, &search);
	if (r)
		return r;
	*ret = search.found;
	return 0;
}

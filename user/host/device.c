/* SPDX-License-Identifier: GPL-2.0 */
/* device.c - list the network devices (RTM_GETLINK). */
#include "host/device.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include "host/netlink.h"
#include "util/array.h"
#include "util/cleanup.h"

bool device_is(const struct device *device, const char *kind)
{
	return strcmp(device->kind, kind) == 0;
}

bool device_is_tunnel(const struct device *device)
{
	static const char *const prefixes[] = {"tun", "tap", "wg", "ipsec"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(device->name, prefixes[i], strlen(prefixes[i])))
			return true;
	return device->type == ARPHRD_NONE || device->type == ARPHRD_PPP;
}

/* IFLA_LINKINFO { IFLA_INFO_KIND, IFLA_INFO_DATA { IFLA_VLAN_ID } }. */
static void read_linkinfo(const struct nlattr *linkinfo, struct device *device)
{
	const struct nlattr *kind = NULL, *data = NULL, *attr;

	mnl_attr_for_each_nested(attr, linkinfo)
	{
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			kind = attr;
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (!kind)
		return;
	strncpy(device->kind, mnl_attr_get_str(kind), sizeof(device->kind) - 1);
	if (!data || !device_is(device, "vlan"))
		return;
	mnl_attr_for_each_nested(attr, data)
	{
		if (mnl_attr_get_type(attr) == IFLA_VLAN_ID)
			device->vlan = mnl_attr_get_u16(attr);
	}
}

/* Programs out of IFLA_XDP { IFLA_XDP_DRV_PROG_ID, ... }. */
static void read_xdp(const struct nlattr *xdp, struct device *device)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp)
	{
		switch (mnl_attr_get_type(attr)) {
		case IFLA_XDP_DRV_PROG_ID:
		case IFLA_XDP_HW_PROG_ID:
			device->xdp_native = mnl_attr_get_u32(attr);
			break;
		case IFLA_XDP_SKB_PROG_ID:
			device->xdp_generic = mnl_attr_get_u32(attr);
			break;
		}
	}
}

static void read_attribute(const struct nlattr *attr, struct device *device)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		strncpy(device->name, mnl_attr_get_str(attr), sizeof(device->name) - 1);
		break;
	case IFLA_MTU:
		device->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK:
		device->lower = mnl_attr_get_u32(attr);
		break;
	case IFLA_MASTER:
		device->master = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		read_linkinfo(attr, device);
		break;
	case IFLA_XDP:
		read_xdp(attr, device);
		break;
	}
}

/* IFLA_PROP_LIST { IFLA_ALT_IFNAME, ... }. */
static int read_altnames(const struct nlattr *list, uint32_t ifindex, struct devices *devices)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, list)
	{
		struct altname *altname;

		if (mnl_attr_get_type(attr) != IFLA_ALT_IFNAME ||
		    strlen(mnl_attr_get_str(attr)) >= sizeof(altname->name))
			continue;
		altname =
			array_append(&devices->altnames, &devices->altname_count, sizeof(*altname));
		if (!altname)
			return -ENOMEM;
		altname->ifindex = ifindex;
		strcpy(altname->name, mnl_attr_get_str(attr));
	}
	return 0;
}

/*
 * What IFLA_LINK says of a veth is its other end, and of a device whose other half is in another
 * namespace nothing that could be found here.
 */
static bool has_no_lower(const struct nlmsghdr *message, const struct device *device)
{
	const struct nlattr *attr;

	if (device->lower == device->ifindex || device_is(device, "veth") ||
	    device_is(device, "netkit") || device_is(device, "vxcan"))
		return true;
	mnl_attr_for_each(attr, message, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_LINK_NETNSID)
			return true;
	}
	return false;
}

static int read_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct devices *devices = context;
	struct device *added, device = {
				      .ifindex = info->ifi_index,
				      .type = info->ifi_type,
				      .up = info->ifi_flags & IFF_UP,
			      };
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(*info))
	{
		read_attribute(attr, &device);
		if (mnl_attr_get_type(attr) == IFLA_PROP_LIST &&
		    read_altnames(attr, device.ifindex, devices)) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
	}
	if (has_no_lower(message, &device))
		device.lower = 0;
	added = array_append(&devices->list, &devices->count, sizeof(*added));
	if (!added) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	*added = device;
	return MNL_CB_OK;
}

static void forget_links(void *context)
{
	struct devices *devices = context;

	devices->count = devices->altname_count = 0;
}

/* Without the statistics twice as many links fit into a message of the kernel's. */
static int request_links(struct devices *devices)
{
	const struct {
		struct ifinfomsg info;
		struct nlattr attr;
		uint32_t mask;
	} all = {
		.info = {.ifi_family = AF_UNSPEC},
		.attr = {.nla_len = sizeof(all.attr) + sizeof(all.mask), .nla_type = IFLA_EXT_MASK},
		.mask = RTEXT_FILTER_SKIP_STATS,
	};
	const struct netlink_request request = {
		.family = NETLINK_ROUTE,
		.type = RTM_GETLINK,
		.payload = &all,
		.size = sizeof(all),
	};

	return netlink_dump(&request, read_link, forget_links, devices);
}

bool device_is_master(const struct device *device)
{
	return device_is(device, "bridge") || device_is(device, "bond") ||
	       device_is(device, "team");
}

/*
 * The card's offload "rxvlan" (ethtool -k): the tag is beside the frame, not in it. Any socket does
 * for the question; the daemon's unit allows this kind.
 */
static bool takes_tags_off(const struct device *device)
{
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq request = {.ifr_data = (void *)&flags};

	memcpy(request.ifr_name, device->name, sizeof(request.ifr_name));
	return fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0 && flags.data & ETH_FLAG_RXVLAN;
}

static void find_hidden_vlans(struct devices *devices)
{
	size_t i, j;

	for (i = 0; i < devices->count; i++) {
		struct device *device = &devices->list[i];

		for (j = 0; j < devices->count && !device->hides_vlans; j++)
			if (devices->list[j].vlan && devices->list[j].lower == device->ifindex)
				device->hides_vlans =
					device_is_master(device) || takes_tags_off(device);
	}
}

int devices_read(struct devices *ret, struct error *ret_error)
{
	struct devices devices = {0};
	int r = request_links(&devices);

	if (r) {
		devices_free(&devices);
		return error_set(ret_error, -r, "cannot list the network devices: %s",
				 strerror(-r));
	}
	find_hidden_vlans(&devices);
	*ret = devices;
	return 0;
}

void devices_free(struct devices *devices)
{
	free(devices->list);
	free(devices->altnames);
	*devices = (struct devices){0};
}

const struct device *device_by_name(const struct devices *devices, const char *name)
{
	size_t i;

	for (i = 0; i < devices->count; i++)
		if (strcmp(devices->list[i].name, name) == 0)
			return &devices->list[i];
	for (i = 0; i < devices->altname_count; i++)
		if (strcmp(devices->altnames[i].name, name) == 0)
			return device_by_index(devices, devices->altnames[i].ifindex);
	return NULL;
}

const struct device *device_by_index(const struct devices *devices, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < devices->count; i++)
		if (devices->list[i].ifindex == ifindex)
			return &devices->list[i];
	return NULL;
}

bool device_has_program(const struct device *device)
{
	return device->xdp_native || device->xdp_generic;
}

bool device_is_above(const struct device *upper, const struct device *lower)
{
	return upper->lower == lower->ifindex || lower->master == upper->ifindex;
}

static unsigned int height(const struct devices *devices, const struct device *device,
			   unsigned int most)
{
	unsigned int highest = 0, below;

	for (size_t i = 0; most && i < devices->count; i++) {
		if (!device_is_above(device, &devices->list[i]))
			continue;
		below = 1 + height(devices, &devices->list[i], most - 1);
		highest = below > highest ? below : highest;
	}
	return highest;
}

unsigned int device_height(const struct devices *devices, const struct device *device)
{
	return height(devices, device, DEVICE_HEIGHT_MAX);
}

bool device_tags(const struct devices *devices, const struct device *device, uint32_t *ret_ifindex,
		 uint32_t *ret_vlan)
{
	uint32_t vlan = 0, ifindex = 0;
	int tags;

	/* From the inner tag to the outer one. */
	for (tags = 0; device && device->vlan && tags < 2; tags++) {
		vlan = vlan << 12 | device->vlan;
		ifindex = device->lower;
		device = device_by_index(devices, ifindex);
	}
	if (!vlan || !ifindex)
		return false;
	*ret_ifindex = ifindex;
	*ret_vlan = vlan;
	return true;
}

int device_l2_length(const struct device *device)
{
	/* Says that it has no L2 header, and hands over the one of the device below. */
	if (device_is(device, "xfrm"))
		return -EOPNOTSUPP;
	/* Its packets come in by the interfaces in it, and no program of its own meets them. */
	if (device_is(device, "vrf"))
		return -EOPNOTSUPP;
	switch (device->type) {
	case ARPHRD_ETHER:
		return ETH_HLEN;
	case ARPHRD_NONE: /* tun, WireGuard */
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
		return 0;
	default: /* gre, ipip, sit: generic XDP there sees the outer header, or not, by version */
		return -EOPNOTSUPP;
	}
}

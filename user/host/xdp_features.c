/* SPDX-License-Identifier: GPL-2.0 */
/* xdp_features.c - NETDEV_CMD_DEV_GET of the generic netlink family "netdev". */
#include "host/xdp_features.h"

#include <errno.h>
#include <stdbool.h>

#include <linux/genetlink.h>

#include "host/genetlink.h"
#include "host/netlink.h"

/* linux/netdev.h since 6.3 */
#define NETDEV_NAME	"netdev"
#define NETDEV_DEV_GET	1
#define NETDEV_IFINDEX	1
#define NETDEV_FEATURES 3

struct search {
	uint32_t ifindex;
	bool is_found;
	uint64_t features;
};

static int device_read(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attr, *ifindex = NULL, *features = NULL;
	struct search *search = context;

	mnl_attr_for_each(attr, message, GENL_HDRLEN)
	{
		if (mnl_attr_get_type(attr) == NETDEV_IFINDEX)
			ifindex = attr;
		else if (mnl_attr_get_type(attr) == NETDEV_FEATURES)
			features = attr;
	}
	if (ifindex && features && mnl_attr_get_u32(ifindex) == search->ifindex) {
		search->is_found = true;
		search->features = mnl_attr_get_u64(features);
	}
	return MNL_CB_OK;
}

int xdp_features_read(uint32_t ifindex, uint64_t *ret)
{
	const struct genlmsghdr header = {.cmd = NETDEV_DEV_GET, .version = 1};
	struct netlink_request request = {
		.family = NETLINK_GENERIC, .payload = &header, .size = sizeof(header)};
	struct search search = {.ifindex = ifindex};
	int r = genetlink_family(NETDEV_NAME, &request.type);

	if (!r)
		r = netlink_dump(&request, device_read, NULL, &search);
	if (r)
		return r;
	if (!search.is_found)
		return -ENOENT;
	*ret = search.features;
	return 0;
}

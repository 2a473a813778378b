/* SPDX-License-Identifier: GPL-2.0 */
/* genetlink.c - CTRL_CMD_GETFAMILY. */
#include "host/genetlink.h"

#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "host/netlink.h"

struct search {
	const char *name;
	uint16_t found;
};

static int family_read(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attr, *name = NULL, *id = NULL;
	struct search *search = context;

	mnl_attr_for_each(attr, message, GENL_HDRLEN)
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME)
			name = attr;
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			id = attr;
	}
	if (name && id && !strcmp(mnl_attr_get_str(name), search->name))
		search->found = mnl_attr_get_u16(id);
	return MNL_CB_OK;
}

int genetlink_family(const char *name, uint16_t *ret)
{
	const struct genlmsghdr header = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	const struct netlink_request request = {
		.family = NETLINK_GENERIC,
		.type = GENL_ID_CTRL,
		.payload = &header,
		.size = sizeof(header),
	};
	struct search search = {.name = name};
	int r = netlink_dump(&request, family_read, NULL, &search);

	if (r)
		return r;
	if (!search.found)
		return -ENOENT;
	*ret = search.found;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* tc_filter.c - list filters (RTM_GETTFILTER). */
#include "host/tc_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "host/netlink.h"
#include "util/array.h"
#include "util/cleanup.h"

static uint32_t program_of(const struct nlattr *options)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, options)
	{
		if (mnl_attr_get_type(attr) == TCA_BPF_ID)
			return mnl_attr_get_u32(attr);
	}
	return 0;
}

static int filter_read(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *from = mnl_nlmsg_get_payload(message);
	struct tc_filters *filters = context;
	struct tc_filter *filter;
	const struct nlattr *attr;
	const char *kind = "";

	/* Without a handle: the head of a list. */
	if (message->nlmsg_type != RTM_NEWTFILTER || !from->tcm_handle)
		return MNL_CB_OK;
	filter = array_append(&filters->list, &filters->count, sizeof(*filter));
	if (!filter) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	filter->handle = from->tcm_handle;
	filter->priority = TC_H_MAJ(from->tcm_info) >> 16;
	mnl_attr_for_each(attr, message, sizeof(*from))
	{
		if (mnl_attr_get_type(attr) == TCA_KIND)
			kind = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == TCA_OPTIONS && !strcmp(kind, "bpf"))
			filter->program = program_of(attr);
	}
	return MNL_CB_OK;
}

static int direction_read(uint32_t ifindex, uint32_t minor, struct tc_filters *filters)
{
	const struct tcmsg from = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor),
	};
	const struct netlink_request request = {
		.family = NETLINK_ROUTE,
		.type = RTM_GETTFILTER,
		.payload = &from,
		.size = sizeof(from),
	};

	return netlink_dump(&request, filter_read, NULL, filters);
}

int tc_filters_read(uint32_t ifindex, struct tc_filters *ret)
{
	_cleanup_(tc_filters_free) struct tc_filters filters = {0};
	int r = direction_read(ifindex, TC_H_MIN_INGRESS, &filters);

	filters.ingress = filters.count;
	if (!r)
		r = direction_read(ifindex, TC_H_MIN_EGRESS, &filters);
	if (r)
		return r;
	*ret = filters;
	filters = (struct tc_filters){0};
	return 0;
}

void tc_filters_free(struct tc_filters *filters)
{
	free(filters->list);
	*filters = (struct tc_filters){0};
}

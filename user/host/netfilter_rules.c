/* SPDX-License-Identifier: GPL-2.0 */
/* netfilter_rules.c - NFT_MSG_GETRULE. */
#include "host/netfilter_rules.h"

#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "host/netlink.h"

int netfilter_rules_read(mnl_cb_t read, void (*forget)(void *context), void *context)
{
	const struct nfgenmsg everything = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	const struct netlink_request request = {
		.family = NETLINK_NETFILTER,
		.type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE,
		.payload = &everything,
		.size = sizeof(everything),
	};

	return netlink_dump(&request, read, forget, context);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* netfilter_rules.h - the rules of nft, and of iptables where that is a front of nf_tables. */
#pragma once

#include <libmnl/libmnl.h>

/*
 * Calls `read` for each rule of every family: a message of NFT_MSG_NEWRULE, behind struct nfgenmsg.
 * `forget`, `context` and what is returned: as netlink_dump(). Needs CAP_NET_ADMIN.
 */
int netfilter_rules_read(mnl_cb_t read, void (*forget)(void *context), void *context);

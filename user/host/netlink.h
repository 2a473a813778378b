/* SPDX-License-Identifier: GPL-2.0 */
/* netlink.h - ask the kernel for a list, over any netlink family (through libmnl). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

struct netlink_request {
	int family;	     /* NETLINK_ROUTE, NETLINK_SOCK_DIAG, ... */
	uint16_t type;	     /* of the message */
	const void *payload; /* what follows the netlink header */
	size_t size;	     /* at most 256 bytes */
};

/*
 * Dump: `read` is called for each message of the answer and returns MNL_CB_OK, or MNL_CB_ERROR with
 * errno set. Where the list changes meanwhile the kernel is asked again, after `forget` (NULL: what
 * is read twice does no harm) has dropped what was read so far. Returns 0 or -errno; -EINTR: it
 * changed all the time for ten seconds.
 */
int netlink_dump(const struct netlink_request *request, mnl_cb_t read,
		 void (*forget)(void *context), void *context);

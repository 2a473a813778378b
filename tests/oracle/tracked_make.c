/* SPDX-License-Identifier: GPL-2.0 */
/* tracked_make.c - entries of connection tracking, made over ctnetlink. */
#include "tracked.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#define SECONDS 100000 /* longer than any run */

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

struct end {
	const uint8_t *address;
	uint16_t port;
};

static void tuple_put(struct nlmsghdr *message, uint16_t type, uint8_t protocol, struct end from,
		      struct end to)
{
	struct nlattr *tuple = mnl_attr_nest_start(message, type), *part;

	part = mnl_attr_nest_start(message, CTA_TUPLE_IP);
	if (is_ipv4(from.address)) {
		mnl_attr_put(message, CTA_IP_V4_SRC, 4, from.address + 12);
		mnl_attr_put(message, CTA_IP_V4_DST, 4, to.address + 12);
	} else {
		mnl_attr_put(message, CTA_IP_V6_SRC, 16, from.address);
		mnl_attr_put(message, CTA_IP_V6_DST, 16, to.address);
	}
	mnl_attr_nest_end(message, part);
	part = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, protocol);
	mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(from.port));
	mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(to.port));
	mnl_attr_nest_end(message, part);
	mnl_attr_nest_end(message, tuple);
}

static void entry_write(const struct model_tracked *entry, struct nlmsghdr *message)
{
	const struct nfgenmsg head = {.nfgen_family = is_ipv4(entry->from) ? AF_INET : AF_INET6,
				      .version = NFNETLINK_V0};

	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	memcpy(mnl_nlmsg_put_extra_header(message, sizeof(head)), &head, sizeof(head));
	tuple_put(message, CTA_TUPLE_ORIG, entry->protocol,
		  (struct end){entry->from, entry->from_port},
		  (struct end){entry->to, entry->to_port});
	tuple_put(message, CTA_TUPLE_REPLY, entry->protocol,
		  (struct end){entry->answer_from, entry->answer_from_port},
		  (struct end){entry->answer_to, entry->answer_to_port});
	mnl_attr_put_u32(message, CTA_TIMEOUT, htonl(SECONDS));
	mnl_attr_put_u32(message, CTA_STATUS,
			 htonl(IPS_CONFIRMED | (entry->agreed ? IPS_SEEN_REPLY | IPS_ASSURED : 0)));
}

static int entry_make(struct mnl_socket *socket, const struct model_tracked *entry)
{
	char buffer[4096] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	ssize_t length;

	entry_write(entry, message);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	return length < 0 || mnl_cb_run(buffer, (size_t)length, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

int tracked_make(void)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	int error = socket && !mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ? 0 : -errno;
	const struct model_tracked *entries;
	size_t count;

	entries = tracked_known(&count);
	for (size_t i = 0; !error && i < count; i++)
		error = entry_make(socket, &entries[i]);
	if (socket)
		mnl_socket_close(socket);
	if (error)
		fprintf(stderr, "oracle: connection tracking takes no entries: %s\n",
			strerror(-error));
	return error;
}

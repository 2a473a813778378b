/* SPDX-License-Identifier: GPL-2.0 */
/* route.c - RTM_GETROUTE for one address (linux/rtnetlink.h). */
#include "host/route.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "policy/cidr.h"
#include "util/cleanup.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int route_read(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *from = mnl_nlmsg_get_payload(message);
	struct route *route = context;
	const struct nlattr *attr;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*from))
	{
		const void *payload = mnl_attr_get_payload(attr);

		if (mnl_attr_get_type(attr) == RTA_OIF)
			route->ifindex = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) != RTA_PREFSRC)
			continue;
		if (from->rtm_family == AF_INET) {
			memcpy(route->local, mapped, sizeof(mapped));
			memcpy(route->local + sizeof(mapped), payload, 4);
		} else {
			memcpy(route->local, payload, sizeof(route->local));
		}
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *request_make(char *buffer, const uint8_t remote[16])
{
	bool ipv4 = cidr_is_ipv4(remote, 128);
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;

	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = time(NULL);
	route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
	route->rtm_family = ipv4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = ipv4 ? 32 : 128;
	mnl_attr_put(message, RTA_DST, ipv4 ? 4 : 16, ipv4 ? remote + sizeof(mapped) : remote);
	return message;
}

static int ask(const uint8_t remote[16], struct route *ret)
{
	_cleanup_(close_socket) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[8192] = {0};
	struct nlmsghdr *message = request_make(buffer, remote);
	uint32_t sequence = message->nlmsg_seq;
	ssize_t size;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (size < 0 ||
	    mnl_cb_run(buffer, size, sequence, mnl_socket_get_portid(socket), route_read, ret) < 0)
		return -errno;
	return ret->ifindex ? 0 : -ENETUNREACH;
}

int route_find(const uint8_t remote[16], struct route *ret, struct error *ret_error)
{
	struct route route = {0};
	char text[CIDR_TEXT_MAX];
	int r = ask(remote, &route);

	if (r) {
		cidr_format(remote, 128, text);
		return error_set(ret_error, -r, "this host has no route to %s: %s", text,
				 strerror(-r));
	}
	*ret = route;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* netlink.c - one dump: a socket, a request, messages until the last; and again if need be. */
#include "host/netlink.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "util/cleanup.h"
#include "util/clock.h"

#define PAYLOAD_MAX 256
#define PATIENCE_NS 10000000000LL

static void socket_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int request_send(struct mnl_socket *socket, const struct netlink_request *request,
			uint32_t sequence)
{
	char buffer[MNL_NLMSG_HDRLEN + PAYLOAD_MAX] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	if (request->size > PAYLOAD_MAX)
		return -EMSGSIZE;
	message->nlmsg_type = request->type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = sequence;
	memcpy(mnl_nlmsg_put_extra_header(message, request->size), request->payload, request->size);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

static int answer_receive(struct mnl_socket *socket, uint32_t sequence, mnl_cb_t read,
			  void *context)
{
	char buffer[32768];
	int more;

	do {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (size < 0)
			return -errno;
		more = mnl_cb_run(buffer, size, sequence, mnl_socket_get_portid(socket), read,
				  context);
	} while (more > 0);
	return more < 0 ? -errno : 0;
}

static int dump_once(const struct netlink_request *request, mnl_cb_t read, void *context)
{
	_cleanup_(socket_close) struct mnl_socket *socket = mnl_socket_open(request->family);
	uint32_t sequence = time(NULL);
	int r;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	r = request_send(socket, request, sequence);
	return r < 0 ? r : answer_receive(socket, sequence, read, context);
}

/* EINTR: what is listed has changed between two messages (NLM_F_DUMP_INTR), and may lack some. */
int netlink_dump(const struct netlink_request *request, mnl_cb_t read,
		 void (*forget)(void *context), void *context)
{
	int64_t deadline = clock_now(CLOCK_MONOTONIC) + PATIENCE_NS;
	int r = dump_once(request, read, context);

	while (r == -EINTR && clock_now(CLOCK_MONOTONIC) < deadline) {
		if (forget)
			forget(context);
		r = dump_once(request, read, context);
	}
	return r;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* peer.c - look for the socket whose ends are ours, the other way round. */
#include "web/peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "host/sockets.h"
#include "util/cleanup.h"

/* As in struct socket_entry. */
struct end {
	uint8_t address[16];
	uint16_t port;
};

static int end_of(int (*ask)(int fd, struct sockaddr *address, socklen_t *size), int fd,
		  struct end *ret)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name;
	socklen_t size = sizeof(name);

	*ret = (struct end){{0}, 0};
	if (ask(fd, &name.any, &size))
		return -1;
	if (name.any.sa_family == AF_INET) {
		ret->address[10] = ret->address[11] = 0xff;
		memcpy(ret->address + 12, &name.v4.sin_addr, 4);
		ret->port = ntohs(name.v4.sin_port);
	} else {
		memcpy(ret->address, &name.v6.sin6_addr, 16);
		ret->port = ntohs(name.v6.sin6_port);
	}
	return 0;
}

static bool is_between(const struct socket_entry *socket, const struct end *local,
		       const struct end *remote)
{
	return socket->local_port == local->port && socket->remote_port == remote->port &&
	       !memcmp(socket->local, local->address, sizeof(socket->local)) &&
	       !memcmp(socket->remote, remote->address, sizeof(socket->remote));
}

uid_t peer_uid(int fd)
{
	/* Who has said all that he wants to say may have shut that direction, and still listen. */
	static const struct sockets_wanted wanted = {
		.tcp = 1 << TCP_ESTABLISHED | 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2};
	_cleanup_(sockets_free) struct sockets sockets = {0};
	struct end here, there;

	if (end_of(getsockname, fd, &here) || end_of(getpeername, fd, &there) ||
	    sockets_read(&wanted, &sockets, NULL))
		return PEER_UNKNOWN;
	for (size_t i = 0; i < sockets.count; i++)
		if (is_between(&sockets.list[i], &there, &here))
			return sockets.list[i].uid;
	return PEER_UNKNOWN;
}

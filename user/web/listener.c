/* SPDX-License-Identifier: GPL-2.0 */
/* listener.c - whose address it is, and a socket on it. */
#include "web/listener.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

#define BACKLOG 64

static bool sockaddr_is_same(const struct sockaddr *found, const struct address *wanted)
{
	if (!found || found->sa_family != wanted->socket.ss_family)
		return false;
	if (found->sa_family == AF_INET)
		return ((const struct sockaddr_in *)found)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)&wanted->socket)->sin_addr.s_addr;
	return !memcmp(&((const struct sockaddr_in6 *)found)->sin6_addr,
		       &((const struct sockaddr_in6 *)&wanted->socket)->sin6_addr, 16);
}

int listener_interface(const struct address *address, char ret[IF_NAMESIZE])
{
	struct ifaddrs *list, *found;

	if (getifaddrs(&list))
		return -errno;
	found = list;
	while (found && !sockaddr_is_same(found->ifa_addr, address))
		found = found->ifa_next;
	snprintf(ret, IF_NAMESIZE, "%s", found ? found->ifa_name : "");
	freeifaddrs(list);
	return 0;
}

static int options_set(int fd, const char *interface)
{
	const int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	/* Linux takes a packet for any of its addresses by any interface. Kernels before 5.7 leave
	 * this to root; there the policy alone keeps other zones away. */
	if (*interface &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface) + 1) &&
	    errno != EPERM)
		return -errno;
	return 0;
}

static int open_socket(const struct address *address, const char *interface, int *ret_fd)
{
	_close_ int fd =
		socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = options_set(fd, interface);
	if (r)
		return r;
	if (bind(fd, (const struct sockaddr *)&address->socket, address->size) ||
	    listen(fd, BACKLOG))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int listener_open(const struct address *address, const char *interface, int *ret_fd,
		  struct error *ret_error)
{
	int r = open_socket(address, interface, ret_fd);

	if (!r)
		return 0;
	error_set(ret_error, -r, "cannot listen on %s, port %u: %s", address->text, address->port,
		  strerror(-r));
	if (r == -EADDRINUSE)
		error_hint(ret_error, "choose another port: --listen %s%s%s:PORT",
			   strchr(address->text, ':') ? "[" : "", address->text,
			   strchr(address->text, ':') ? "]" : "");
	return r;
}

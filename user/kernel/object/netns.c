/* SPDX-License-Identifier: GPL-2.0 */
/* netns.c - ask a socket for the cookie of its namespace. */
#include "kernel/object/netns.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rolewall/abi.h>

#include "kernel/object/probe.h"
#include "util/cleanup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h since 5.14 */
#endif

static bool ask_cookie(uint64_t *ret)
{
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret);

	return fd >= 0 && !probe_is_off("netns_socket") &&
	       getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &size) == 0;
}

static bool is_initial(void)
{
	struct stat own, initial;

	return stat("/proc/self/ns/net", &own) == 0 && stat("/proc/1/ns/net", &initial) == 0 &&
	       own.st_dev == initial.st_dev && own.st_ino == initial.st_ino;
}

uint64_t netns_own(void)
{
	uint64_t cookie;

	if (ask_cookie(&cookie))
		return cookie;
	return is_initial() ? RW_NETNS_INITIAL : RW_NETNS_UNKNOWN;
}

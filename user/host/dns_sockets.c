/* SPDX-License-Identifier: GPL-2.0 */
/* dns_sockets.c - which sockets, for how long, and what became of them. */
#include "host/dns_sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

int dns_sockets_list(ares_channel channel, struct pollfd ret[ARES_GETSOCK_MAXNUM])
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	unsigned int bits = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	int count = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		/* As ARES_GETSOCK_READABLE and _WRITABLE, which shift a signed 1 by up to 31. */
		bool reads = bits & 1U << i, writes = bits & 1U << (i + ARES_GETSOCK_MAXNUM);

		if (reads || writes)
			ret[count++] = (struct pollfd){.fd = sockets[i],
						       .events = (reads ? POLLIN : 0) |
								 (writes ? POLLOUT : 0)};
	}
	return count;
}

void dns_sockets_process(ares_channel channel, const struct pollfd *polls, int count)
{
	/* Whether or not a socket has something. */
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	for (int i = 0; i < count; i++)
		if (polls[i].revents)
			ares_process_fd(channel,
					polls[i].revents & ~POLLOUT ? polls[i].fd : ARES_SOCKET_BAD,
					polls[i].revents & POLLOUT ? polls[i].fd : ARES_SOCKET_BAD);
}

int dns_sockets_wait(ares_channel channel)
{
	struct timeval wait, *timeout = ares_timeout(channel, NULL, &wait);

	return timeout ? (int)(timeout->tv_sec * 1000 + timeout->tv_usec / 1000 + 1) : 1000;
}

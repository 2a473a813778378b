/* SPDX-License-Identifier: GPL-2.0 */
/* notify.c - what sd_notify(3) comes down to, without libsystemd. */
#include "daemon/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/cleanup.h"

/* One datagram to $NOTIFY_SOCKET, a path or an abstract "@name": sd_notify(3), "Notes". */
static void send_state(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = name ? strlen(name) : 0;
	_close_ int fd = -1;

	if (length < 2 || length >= sizeof(address.sun_path) || !strchr("/@", name[0]))
		return;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Without a listener there is nothing to tell. */
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL, (void *)&address,
			     offsetof(struct sockaddr_un, sun_path) + length) < 0)
		return;
}

void notify(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_state(text);
}

void notify_reloading(void)
{
	notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, (uint64_t)clock_now(CLOCK_MONOTONIC) / 1000);
}

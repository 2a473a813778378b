// SPDX-License-Identifier: GPL-2.0
/*
 * probe_exchange.c - UDP from a port of one's choice, and servers that take their time.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static int socket_bound(const struct endpoint *local)
{
	int fd = socket(local->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &local->any, local->length))
		err(1, "bind %s", endpoint_text(local));
	return fd;
}

/* Does anything come within `wait_ms`? */
static bool is_answered(int fd, int wait_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char text[256];

	return poll(&ready, 1, wait_ms) == 1 && recv(fd, text, sizeof(text), 0) >= 0;
}

int probe_exchange(int argc, char **argv)
{
	const char *source_address = NULL;
	uint16_t source_port = 0;
	struct endpoint source, target;
	bool connected = false;
	int wait_ms = 500;
	int option, fd;

	while ((option = getopt(argc, argv, "cs:p:w:")) != -1) {
		if (option == 'c')
			connected = true;
		else if (option == 's')
			source_address = optarg;
		else if (option == 'p')
			source_port = port_parse(optarg);
		else if (option == 'w')
			wait_ms = (int)number_parse(optarg);
		else
			return 2;
	}
	if (argc - optind != 2)
		errx(2, "exchange: ADDRESS PORT are missing");
	target = endpoint_parse(argv[optind], port_parse(argv[optind + 1]));
	source = source_address ? endpoint_parse(source_address, source_port)
				: endpoint_any(target.any.sa_family, source_port);
	fd = socket_bound(&source);
	if (connected && connect(fd, &target.any, target.length))
		err(1, "connect %s", endpoint_text(&target));
	if (sendto(fd, "question", 8, 0, connected ? NULL : &target.any,
		   connected ? 0 : target.length) != 8)
		err(1, "send to %s", endpoint_text(&target));
	puts(is_answered(fd, wait_ms) ? "answered" : "silent");
	return 0;
}

/* One client at a time: the last that asked. Says from whom each datagram came. */
int probe_late(int argc, char **argv)
{
	struct endpoint peer = {.length = 0}, from;
	int delay_ms = 0, every_ms = -1;
	int64_t due = -1;
	int option, fd;

	while ((option = getopt(argc, argv, "d:e:")) != -1) {
		if (option == 'd')
			delay_ms = (int)number_parse(optarg);
		else if (option == 'e')
			every_ms = (int)number_parse(optarg);
		else
			return 2;
	}
	if (argc - optind != 1)
		errx(2, "late: PORT is missing");
	from = endpoint_any(AF_INET, port_parse(argv[optind]));
	fd = socket_bound(&from);
	puts("ready");
	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int64_t left = due < 0 ? -1 : due > now_ms() ? due - now_ms() : 0;
		char text[256];

		if (poll(&ready, 1, (int)left) == 1) {
			from.length = sizeof(from.v6);
			if (recvfrom(fd, text, sizeof(text), 0, &from.any, &from.length) < 0)
				continue;
			printf("from %s\n", endpoint_text(&from));
			peer = from;
			due = now_ms() + delay_ms;
		} else if (due >= 0 && now_ms() >= due) {
			sendto(fd, "answer", 6, 0, &peer.any, peer.length);
			printf("to %s\n", endpoint_text(&peer));
			due = every_ms < 0 ? -1 : now_ms() + every_ms;
		}
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * probe_stream.c - TCP connections that carry something: bulk transfers, and a conversation.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define TALK_TIMEOUT_MS 3000

static char bulk_buffer[1 << 18];

/* Wait for the first caller; IPv4 and IPv6 alike. */
static int caller_accept(uint16_t port)
{
	struct endpoint endpoint = endpoint_any(AF_INET6, port);
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	int off = 0;
	int fd;

	if (listener < 0)
		err(1, "socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(listener, &endpoint.any, endpoint.length) || listen(listener, 1))
		err(1, "listen on port %u", port);
	puts("ready");
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		err(1, "accept");
	close(listener);
	return fd;
}

static int server_connect(const char *address, const char *port)
{
	struct endpoint endpoint = endpoint_parse(address, port_parse(port));
	int fd = socket(endpoint.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (connect(fd, &endpoint.any, endpoint.length))
		err(1, "connect %s %s", address, port);
	return fd;
}

static int bulk_send(int fd, uint64_t bytes)
{
	for (uint64_t left = bytes; left;) {
		size_t chunk = left < sizeof(bulk_buffer) ? left : sizeof(bulk_buffer);
		ssize_t done = send(fd, bulk_buffer, chunk, MSG_NOSIGNAL);

		if (done < 0)
			err(1, "send, %llu bytes before the end", (unsigned long long)left);
		left -= (uint64_t)done;
	}
	/* Wait for the receiver to have it all: its end of file. */
	shutdown(fd, SHUT_WR);
	if (recv(fd, bulk_buffer, 1, 0) < 0)
		err(1, "the receiver did not take everything");
	printf("sent %llu\n", (unsigned long long)bytes);
	return 0;
}

static int bulk_receive(int fd)
{
	uint64_t bytes = 0;
	ssize_t done;

	while ((done = recv(fd, bulk_buffer, sizeof(bulk_buffer), 0)) > 0)
		bytes += (uint64_t)done;
	if (done < 0)
		err(1, "receive, after %llu bytes", (unsigned long long)bytes);
	printf("received %llu\n", (unsigned long long)bytes);
	return 0;
}

int probe_source(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "source: PORT BYTES are missing");
	return bulk_send(caller_accept(port_parse(argv[1])), number_parse(argv[2]));
}

int probe_sink(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "sink: PORT is missing");
	return bulk_receive(caller_accept(port_parse(argv[1])));
}

int probe_get(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "get: ADDRESS PORT are missing");
	return bulk_receive(server_connect(argv[1], argv[2]));
}

int probe_put(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "put: ADDRESS PORT BYTES are missing");
	return bulk_send(server_connect(argv[1], argv[2]), number_parse(argv[3]));
}

int probe_talk(int argc, char **argv)
{
	struct timeval timeout = {.tv_sec = patient_ms(TALK_TIMEOUT_MS) / 1000};
	char line[256];
	int fd;

	if (argc != 3)
		errx(2, "talk: ADDRESS PORT are missing");
	fd = server_connect(argv[1], argv[2]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		ssize_t length = send(fd, line, strlen(line), MSG_NOSIGNAL);

		/* The line is shorter than a segment: its echo comes as one piece. */
		if (length > 0)
			length = recv(fd, line, sizeof(line) - 1, 0);
		if (length <= 0)
			errx(1, "the conversation broke off: %s", strerror(errno));
		printf("echo %.*s", (int)length, line);
	}
	return 0;
}

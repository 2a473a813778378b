// SPDX-License-Identifier: GPL-2.0
/*
 * probe_listen.c - one process that answers on any number of ports.
 *
 * TCP connections are accepted and echoed until the caller closes; UDP datagrams are echoed. Each
 * port has a socket of its own for each family, as real servers have. Prints "ready" when every
 * socket is bound.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe.h"

enum socket_kind { KIND_LISTENER, KIND_CONNECTION, KIND_DATAGRAM };

/* What epoll hands back: the socket, and what to do with it. */
static uint64_t watch_pack(int fd, enum socket_kind kind)
{
	return (uint64_t)kind << 32 | (uint32_t)fd;
}

static void watch_add(int epoll, int fd, enum socket_kind kind)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = watch_pack(fd, kind)};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll_ctl");
}

static void port_open(int epoll, const char *device, int family, int type, uint16_t port)
{
	struct endpoint endpoint = endpoint_any(family, port);
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		err(1, "socket");
	socket_tie(fd, device);
	/* A probe that sends from this port must be able to bind it, too. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &endpoint.any, endpoint.length))
		err(1, "bind %s port %u", family_name(family), port);
	if (type == SOCK_STREAM && listen(fd, 64))
		err(1, "listen %s port %u", family_name(family), port);
	watch_add(epoll, fd, type == SOCK_STREAM ? KIND_LISTENER : KIND_DATAGRAM);
}

static void ports_open(int epoll, const char *device, int type, const char *text)
{
	struct ports ports = ports_parse(text);

	for (size_t i = 0; i < ports.count; i++) {
		port_open(epoll, device, AF_INET, type, ports.list[i]);
		port_open(epoll, device, AF_INET6, type, ports.list[i]);
	}
}

static void connection_accept(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	/* The caller may have gone by now: no reason to end. */
	if (fd >= 0)
		watch_add(epoll, fd, KIND_CONNECTION);
}

static void connection_echo(int fd)
{
	char buffer[4096];
	ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0 || send(fd, buffer, (size_t)length, MSG_NOSIGNAL) != length)
		close(fd);
}

static void datagram_echo(int fd)
{
	struct endpoint peer = {.length = sizeof(struct sockaddr_in6)};
	char buffer[4096];
	ssize_t length;

	length = recvfrom(fd, buffer, sizeof(buffer), 0, &peer.any, &peer.length);
	if (length >= 0)
		sendto(fd, buffer, (size_t)length, 0, &peer.any, peer.length);
}

static void socket_serve(int epoll, uint64_t watch)
{
	int fd = (int)(uint32_t)watch;

	switch (watch >> 32) {
	case KIND_LISTENER:
		connection_accept(epoll, fd);
		break;
	case KIND_CONNECTION:
		connection_echo(fd);
		break;
	case KIND_DATAGRAM:
		datagram_echo(fd);
		break;
	}
}

static void sockets_serve(int epoll)
{
	struct epoll_event events[256];

	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		if (count < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (int i = 0; i < count; i++)
			socket_serve(epoll, events[i].data.u64);
	}
}

int probe_listen(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	const char *device = NULL;
	int option;

	if (epoll < 0)
		err(1, "epoll_create1");
	while ((option = getopt(argc, argv, "d:t:u:")) != -1) {
		if (option == 'd') /* of what follows */
			device = optarg;
		else if (option == 't')
			ports_open(epoll, device, SOCK_STREAM, optarg);
		else if (option == 'u')
			ports_open(epoll, device, SOCK_DGRAM, optarg);
		else
			return 2;
	}
	puts("ready");
	sockets_serve(epoll);
	return 0;
}

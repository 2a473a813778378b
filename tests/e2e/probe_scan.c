// SPDX-License-Identifier: GPL-2.0
/*
 * probe_scan.c - which ports answer? All ports of all addresses at once, one timeout for all.
 *
 * TCP is asked by connect(2), UDP by a datagram that the listener echoes. A UDP question is
 * repeated once after half the time; TCP repeats its SYN by itself after a second.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe.h"

struct target {
	struct endpoint endpoint;
	int type; /* SOCK_STREAM or SOCK_DGRAM */
	int fd;	  /* -1 once the answer is known */
	const char *answer;
};

struct scan {
	struct target *targets; /* owned */
	size_t count;
	size_t open_questions;
	const char *source; /* NULL: the kernel chooses */
	const char *device; /* NULL: the routes choose */
	int64_t wait_ms;
	int epoll;
};

static void targets_add(struct scan *scan, int type, const struct ports *ports, const char *address)
{
	scan->targets =
		reallocarray(scan->targets, scan->count + ports->count, sizeof(*scan->targets));
	if (!scan->targets)
		err(1, "targets");
	for (size_t i = 0; i < ports->count; i++) {
		struct target *target = &scan->targets[scan->count++];

		*target = (struct target){.type = type, .fd = -1, .answer = "silent"};
		target->endpoint = endpoint_parse(address, ports->list[i]);
	}
}

static const char *answer_name(int error)
{
	if (error == 0)
		return "open";
	return error == ECONNREFUSED ? "refused" : "unreachable";
}

static void target_settle(struct scan *scan, struct target *target, int error)
{
	target->answer = answer_name(error);
	close(target->fd);
	target->fd = -1;
	scan->open_questions--;
}

static int target_socket(const struct scan *scan, const struct target *target)
{
	int family = target->endpoint.any.sa_family;
	int fd = socket(family, target->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	socket_tie(fd, scan->device);
	if (scan->source) {
		struct endpoint source = endpoint_parse(scan->source, 0);

		if (bind(fd, &source.any, source.length))
			err(1, "bind %s", scan->source);
	}
	return fd;
}

static void target_ask(struct scan *scan, size_t index)
{
	struct target *target = &scan->targets[index];
	struct epoll_event event = {.data.u64 = index};

	event.events = target->type == SOCK_STREAM ? EPOLLOUT : EPOLLIN;
	target->fd = target_socket(scan, target);
	scan->open_questions++;
	if (epoll_ctl(scan->epoll, EPOLL_CTL_ADD, target->fd, &event))
		err(1, "epoll_ctl");
	if (connect(target->fd, &target->endpoint.any, target->endpoint.length)) {
		if (errno != EINPROGRESS)
			target_settle(scan, target, errno);
	} else if (target->type == SOCK_DGRAM && send(target->fd, "?", 1, 0) < 0) {
		target_settle(scan, target, errno);
	}
}

static void target_hear(struct scan *scan, struct target *target)
{
	socklen_t length = sizeof(int);
	char buffer[16];
	int error = 0;

	if (target->fd < 0)
		return;
	if (target->type == SOCK_STREAM)
		getsockopt(target->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	else if (recv(target->fd, buffer, sizeof(buffer), 0) < 0)
		error = errno;
	if (error != EAGAIN)
		target_settle(scan, target, error);
}

static void answers_await(struct scan *scan, int64_t deadline)
{
	struct epoll_event events[256];
	int64_t left;

	while (scan->open_questions && (left = deadline - now_ms()) > 0) {
		int count = epoll_wait(scan->epoll, events, 256, (int)left);

		for (int i = 0; i < count; i++)
			target_hear(scan, &scan->targets[events[i].data.u64]);
	}
}

static void datagrams_repeat(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		struct target *target = &scan->targets[i];

		/* An error shows up as an event of the socket. */
		if (target->fd >= 0 && target->type == SOCK_DGRAM)
			(void)!send(target->fd, "?", 1, 0);
	}
}

static void scan_run(struct scan *scan)
{
	int64_t start = now_ms();

	for (size_t i = 0; i < scan->count; i++)
		target_ask(scan, i);
	answers_await(scan, start + scan->wait_ms / 2);
	datagrams_repeat(scan);
	answers_await(scan, start + scan->wait_ms);
}

static void scan_print(const struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct target *target = &scan->targets[i];

		printf("%s %s %u %s\n", target->type == SOCK_STREAM ? "tcp" : "udp",
		       family_name(target->endpoint.any.sa_family),
		       endpoint_port(&target->endpoint), target->answer);
	}
}

int probe_scan(int argc, char **argv)
{
	struct ports tcp = {0};
	struct ports udp = {0};
	struct scan scan = {.wait_ms = 1400};
	int option;

	while ((option = getopt(argc, argv, "d:t:u:s:w:")) != -1) {
		if (option == 'd')
			scan.device = optarg;
		else if (option == 't')
			tcp = ports_parse(optarg);
		else if (option == 'u')
			udp = ports_parse(optarg);
		else if (option == 's')
			scan.source = optarg;
		else if (option == 'w')
			scan.wait_ms = (int64_t)number_parse(optarg);
		else
			return 2;
	}
	scan.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (scan.epoll < 0)
		err(1, "epoll_create1");
	for (int i = optind; i < argc; i++) {
		targets_add(&scan, SOCK_STREAM, &tcp, argv[i]);
		targets_add(&scan, SOCK_DGRAM, &udp, argv[i]);
	}
	scan_run(&scan);
	scan_print(&scan);
	return 0;
}

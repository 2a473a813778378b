// SPDX-License-Identifier: GPL-2.0
/*
 * probe_load.c - much at once: many TCP transfers in parallel, many questions over UDP.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe.h"

/* What has not come after this long is lost. TCP waits 12.8 s before its seventh try. */
#define WAIT_MS 30000

static char load_buffer[1 << 16];

/* --- serve --- */

struct caller {
	int fd;
	uint64_t left;
};

static void caller_accept(int epoll, int listener, uint64_t bytes)
{
	struct caller *caller = malloc(sizeof(*caller));
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = caller};

	if (!caller)
		err(1, "caller");
	caller->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	caller->left = bytes;
	if (caller->fd < 0)
		free(caller);
	else if (epoll_ctl(epoll, EPOLL_CTL_ADD, caller->fd, &event))
		err(1, "epoll_ctl");
}

static void caller_serve(struct caller *caller)
{
	size_t chunk = caller->left < sizeof(load_buffer) ? caller->left : sizeof(load_buffer);
	ssize_t done = send(caller->fd, load_buffer, chunk, MSG_NOSIGNAL);

	if (done < 0 && errno == EAGAIN)
		return;
	if (done > 0)
		caller->left -= (uint64_t)done;
	if (done < 0 || caller->left == 0) {
		close(caller->fd);
		free(caller);
	}
}

int probe_serve(int argc, char **argv)
{
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = {.events = EPOLLIN}, events[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct endpoint endpoint;
	uint64_t bytes;

	if (argc != 3)
		errx(2, "serve: PORT BYTES are missing");
	endpoint = endpoint_any(AF_INET6, port_parse(argv[1]));
	bytes = number_parse(argv[2]);
	if (listener < 0 || bind(listener, &endpoint.any, endpoint.length) ||
	    listen(listener, 1024))
		err(1, "listen on port %s", argv[1]);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		err(1, "epoll");
	puts("ready");
	for (;;) {
		int count = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				caller_serve(events[i].data.ptr);
			else
				caller_accept(epoll, listener, bytes);
		}
	}
}

/* --- fetch --- */

struct transfers {
	int epoll;
	uint64_t open;
	uint64_t bytes;
	uint64_t broken;
};

static void transfer_start(struct transfers *transfers, const struct endpoint *server)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = socket(server->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	event.data.fd = fd;
	if (fd < 0 || epoll_ctl(transfers->epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "socket");
	if (connect(fd, &server->any, server->length) && errno != EINPROGRESS)
		err(1, "connect");
	transfers->open++;
}

static void transfer_read(struct transfers *transfers, int fd)
{
	ssize_t length = recv(fd, load_buffer, sizeof(load_buffer), 0);

	if (length > 0) {
		transfers->bytes += (uint64_t)length;
		return;
	}
	if (length < 0 && errno == EAGAIN)
		return;
	transfers->broken += length < 0;
	transfers->open--;
	close(fd);
}

int probe_fetch(int argc, char **argv)
{
	struct transfers transfers = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct epoll_event events[64];
	struct endpoint server;
	int count = 1;

	if (argc != 4 || transfers.epoll < 0)
		errx(2, "fetch: COUNT ADDRESS PORT are missing");
	server = endpoint_parse(argv[2], port_parse(argv[3]));
	for (uint64_t i = number_parse(argv[1]); i > 0; i--)
		transfer_start(&transfers, &server);
	while (transfers.open && count > 0) {
		count = epoll_wait(transfers.epoll, events, 64, patient_ms(WAIT_MS));
		for (int i = 0; i < count; i++)
			transfer_read(&transfers, events[i].data.fd);
	}
	printf("received %llu, broken %llu, unfinished %llu\n", (unsigned long long)transfers.bytes,
	       (unsigned long long)transfers.broken, (unsigned long long)transfers.open);
	return 0;
}

/* --- ask --- */

#define ASK_WINDOW 64	     /* questions on their way */
#define ASK_BUFFER (1 << 20) /* for as many answers; native XDP on veth takes pages for each */

struct questions {
	struct endpoint server;
	bool one_socket;
	int sockets[ASK_WINDOW]; /* by slot; -1 until used */
	uint64_t asked;
	uint64_t answered;
	int epoll;
};

static int question_socket(struct questions *questions, unsigned int slot)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = slot};
	int fd = socket(questions->server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = ASK_BUFFER;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    connect(fd, &questions->server.any, questions->server.length) ||
	    epoll_ctl(questions->epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "socket");
	return fd;
}

/* A DNS question for the root's name servers: header, empty name, NS, IN (RFC 1035, 4.1). */
static void question_ask(struct questions *questions, unsigned int slot)
{
	uint16_t number = (uint16_t)questions->asked++;
	uint8_t text[17] = {number >> 8, number & 0xff, 1, 0, 0, 1, [14] = 2, [16] = 1};
	int *fd = &questions->sockets[questions->one_socket ? 0 : slot];

	if (!questions->one_socket && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	if (*fd < 0)
		*fd = question_socket(questions, slot);
	if (send(*fd, text, sizeof(text), 0) != sizeof(text))
		err(1, "send");
}

static void questions_run(struct questions *questions, uint64_t count)
{
	struct epoll_event events[ASK_WINDOW];
	int ready = 1;

	for (unsigned int slot = 0; slot < ASK_WINDOW && questions->asked < count; slot++)
		question_ask(questions, slot);
	while (questions->answered < count && ready > 0) {
		ready = epoll_wait(questions->epoll, events, ASK_WINDOW, patient_ms(WAIT_MS));
		for (int i = 0; i < ready; i++) {
			unsigned int slot = events[i].data.u32;

			if (recv(questions->sockets[slot], load_buffer, sizeof(load_buffer), 0) < 0)
				err(1, "the question was refused");
			questions->answered++;
			if (questions->asked < count)
				question_ask(questions, slot);
		}
	}
}

int probe_ask(int argc, char **argv)
{
	struct questions questions = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	int option;

	while ((option = getopt(argc, argv, "1")) != -1) {
		if (option != '1')
			return 2;
		questions.one_socket = true;
	}
	if (argc - optind != 3 || questions.epoll < 0)
		errx(2, "ask: COUNT ADDRESS PORT are missing");
	questions.server = endpoint_parse(argv[optind + 1], port_parse(argv[optind + 2]));
	for (unsigned int slot = 0; slot < ASK_WINDOW; slot++)
		questions.sockets[slot] = -1;
	questions_run(&questions, number_parse(argv[optind]));
	printf("asked %llu, answered %llu\n", (unsigned long long)questions.asked,
	       (unsigned long long)questions.answered);
	return 0;
}

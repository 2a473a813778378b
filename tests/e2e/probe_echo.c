// SPDX-License-Identifier: GPL-2.0
/*
 * probe_echo.c - many TCP connections to a server that echoes, a few at once, each of which wants back
 * what it has sent, byte for byte.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe.h"

#define ECHO_AT_ONCE 16
#define ECHO_BYTES   4096
#define ECHO_WAIT_MS 30000 /* as in probe_load.c */

struct guest {
	int fd;
	uint64_t number;
	size_t sent;
	size_t received;
};

struct party {
	struct endpoint server;
	int epoll;
	uint64_t begun;
	uint64_t count; /* to begin */
	unsigned int present;
	uint64_t right;
	uint64_t wrong; /* other bytes came, or none */
};

/* Of the connection and the place in it: what belongs to another one is seen. */
static uint8_t byte_at(const struct guest *guest, size_t at)
{
	return (uint8_t)((guest->number * 2654435761u + at * 40503u) >> 8);
}

static void guest_invite(struct party *party)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		err(1, "guest");
	guest->fd =
		socket(party->server.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	guest->number = party->begun++;
	event.data.ptr = guest;
	if (guest->fd < 0 || epoll_ctl(party->epoll, EPOLL_CTL_ADD, guest->fd, &event))
		err(1, "socket");
	if (connect(guest->fd, &party->server.any, party->server.length) && errno != EINPROGRESS)
		err(1, "connect");
	party->present++;
}

static void guest_leave(struct party *party, struct guest *guest, bool right)
{
	party->right += right;
	party->wrong += !right;
	party->present--;
	close(guest->fd);
	free(guest);
	if (party->begun < party->count)
		guest_invite(party);
}

static void guest_send(struct party *party, struct guest *guest)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = guest};
	uint8_t bytes[ECHO_BYTES];
	ssize_t done;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte_at(guest, i);
	done = send(guest->fd, bytes + guest->sent, sizeof(bytes) - guest->sent, MSG_NOSIGNAL);
	if (done > 0)
		guest->sent += (size_t)done;
	if (guest->sent == sizeof(bytes) &&
	    epoll_ctl(party->epoll, EPOLL_CTL_MOD, guest->fd, &event))
		err(1, "epoll_ctl");
}

/* Returns false once it has left. */
static bool guest_hear(struct party *party, struct guest *guest)
{
	uint8_t bytes[ECHO_BYTES];
	ssize_t length = recv(guest->fd, bytes, sizeof(bytes) - guest->received, 0);

	if (length < 0 && errno == EAGAIN)
		return true;
	for (ssize_t i = 0; i < length; i++)
		if (bytes[i] != byte_at(guest, guest->received + (size_t)i))
			length = -1;
	if (length > 0)
		guest->received += (size_t)length;
	if (length > 0 && guest->received < ECHO_BYTES)
		return true;
	guest_leave(party, guest, length > 0);
	return false;
}

int probe_echo(int argc, char **argv)
{
	struct party party = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct epoll_event events[ECHO_AT_ONCE];
	int ready = 1;

	if (argc != 4 || party.epoll < 0)
		errx(2, "echo: COUNT ADDRESS PORT are missing");
	party.count = number_parse(argv[1]);
	party.server = endpoint_parse(argv[2], port_parse(argv[3]));
	while (party.begun < party.count && party.present < ECHO_AT_ONCE)
		guest_invite(&party);
	while (party.present && ready > 0) {
		ready = epoll_wait(party.epoll, events, ECHO_AT_ONCE, patient_ms(ECHO_WAIT_MS));
		for (int i = 0; i < ready; i++) {
			struct guest *guest = events[i].data.ptr;

			if ((events[i].events & ~EPOLLOUT) && !guest_hear(&party, guest))
				continue;
			if (events[i].events & EPOLLOUT)
				guest_send(&party, guest);
		}
	}
	printf("right %llu, wrong %llu, unfinished %u\n", (unsigned long long)party.right,
	       (unsigned long long)party.wrong, party.present);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* client.c - legitimate traffic: TCP transactions, one long conversation, bulk; and its server. */
#include "bench.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX   64
#define LATENCIES_MAX 1000000
#define CHUNK	      (1 << 17)

struct client {
	pthread_t thread;
	struct sockaddr_in server;
	bool keeps;	     /* one connection for all transactions */
	uint64_t begin, end; /* ns; what lies within counts */
	uint32_t *latencies; /* ns, owned */
	size_t count;
};

/* Echo single bytes; a stream is only swallowed. */
static void *connection_serve(void *argument)
{
	int fd = (int)(intptr_t)argument;
	char *buffer = malloc(CHUNK);
	ssize_t size;

	while (buffer && (size = recv(fd, buffer, CHUNK, 0)) > 0)
		if (size == 1 && send(fd, buffer, 1, MSG_NOSIGNAL) != 1)
			break;
	free(buffer);
	close(fd);
	return NULL;
}

int bench_serve(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	pthread_attr_t detached;
	pthread_t thread;

	if (argc != 2)
		errx(2, "serve: PORT is missing");
	cpu_pin(1);
	address.sin_port = htons(number_parse(argv[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1024))
		err(1, "port %s", argv[1]);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (pthread_create(&thread, &detached, connection_serve, (void *)(intptr_t)fd))
			close(fd);
	}
}

static struct sockaddr_in server_parse(const char *address, const char *port)
{
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(number_parse(port))};

	if (inet_pton(AF_INET, address, &server.sin_addr) != 1)
		errx(2, "%s: not an address", address);
	return server;
}

/* -1: no connection before `end`. */
static int server_connect(const struct sockaddr_in *server, uint64_t end)
{
	struct linger reset = {.l_onoff = 1};
	uint64_t now = now_ns(), left = end > now ? end - now : 0;
	struct timeval timeout = {left / 1000000000, left % 1000000000 / 1000 + 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Nothing is to wait for: thousands of connections would be in TIME_WAIT. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void *client_run(void *argument)
{
	struct client *client = argument;
	int fd = client->keeps ? server_connect(&client->server, client->end) : -1;
	uint64_t start;
	char byte = 0;

	while ((start = now_ns()) < client->end && client->count < LATENCIES_MAX) {
		if (!client->keeps)
			fd = server_connect(&client->server, client->end);
		if (fd < 0)
			break;
		if (send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && recv(fd, &byte, 1, 0) == 1 &&
		    start >= client->begin)
			client->latencies[client->count++] = now_ns() - start;
		if (!client->keeps)
			close(fd);
	}
	return NULL;
}

static int latency_compare(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

static void transactions_report(const char *name, bool keeps, uint32_t *latencies, size_t count,
				uint64_t ms)
{
	qsort(latencies, count, sizeof(*latencies), latency_compare);
	if (keeps) {
		sample("rr", name, "us", count ? latencies[count / 2] / 1e3 : 0);
		sample("rr-p99", name, "us", count ? latencies[count * 99 / 100] / 1e3 : 0);
		return;
	}
	sample("legit-under-flood", name, "transactions/s", count * 1e3 / ms);
	/* No transaction at all: as long as was waited. */
	sample("legit-under-flood-p99", name, "us",
	       count ? latencies[count * 99 / 100] / 1e3 : ms * 1e3);
}

/*
 * Clients begin WARMUP ms before they are counted: a flood that begins meanwhile hits all of them.
 */
int bench_transact(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	uint64_t clients_count, ms, begin;
	uint32_t *latencies;
	size_t count = 0;
	bool keeps;

	if (argc != 8)
		errx(2, "transact: NAME ADDRESS PORT CLIENTS WARMUP MS NEW|KEEP");
	clients_count = number_parse(argv[4]);
	ms = number_parse(argv[6]);
	keeps = strcmp(argv[7], "KEEP") == 0;
	latencies = calloc(CLIENTS_MAX * (size_t)LATENCIES_MAX, sizeof(*latencies));
	if (!latencies || clients_count > CLIENTS_MAX)
		errx(1, "too many clients");
	/* Under a flood the generator has the other CPU for itself. */
	cpu_pin(keeps ? 0 : 1);
	begin = now_ns() + number_parse(argv[5]) * 1000000;
	for (uint64_t i = 0; i < clients_count; i++) {
		clients[i] = (struct client){.server = server_parse(argv[2], argv[3]),
					     .keeps = keeps,
					     .begin = begin,
					     .end = begin + ms * 1000000,
					     .latencies = latencies + i * LATENCIES_MAX};
		if (pthread_create(&clients[i].thread, NULL, client_run, &clients[i]))
			errx(1, "no thread");
	}
	for (uint64_t i = 0; i < clients_count; i++) {
		pthread_join(clients[i].thread, NULL);
		memmove(latencies + count, clients[i].latencies,
			clients[i].count * sizeof(*latencies));
		count += clients[i].count;
	}
	transactions_report(argv[1], keeps, latencies, count, ms);
	free(latencies);
	return 0;
}

int bench_stream(int argc, char **argv)
{
	uint64_t start, end, sent = 0;
	struct sockaddr_in server;
	char *buffer;
	int fd;

	if (argc != 5)
		errx(2, "stream: NAME ADDRESS PORT MS");
	cpu_pin(0);
	server = server_parse(argv[2], argv[3]);
	buffer = calloc(1, CHUNK);
	start = now_ns();
	end = start + number_parse(argv[4]) * 1000000;
	fd = server_connect(&server, end);
	if (fd < 0 || !buffer)
		err(1, "%s: no connection", argv[1]);
	while (now_ns() < end) {
		ssize_t size = send(fd, buffer, CHUNK, MSG_NOSIGNAL);

		if (size < 0)
			break;
		sent += size;
	}
	sample("goodput", argv[1], "Gbit/s", sent * 8.0 / (now_ns() - start));
	free(buffer);
	close(fd);
	return 0;
}

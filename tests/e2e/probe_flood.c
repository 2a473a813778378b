// SPDX-License-Identifier: GPL-2.0
/*
 * probe_flood.c - TCP SYNs from made-up sources, through a raw socket, one after the other or at
 * random, as fast as it goes or at a rate.
 *
 * The kernel fills in the IP identification and checksum (ip(7), IP_HDRINCL), routes the packet and
 * resolves the neighbour; nothing else is added, so the number of packets handed over is exact.
 * SIGTERM ends it early; it says in any case how many it has sent.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define FLOOD_SOURCE_PORT 40000
#define FLOOD_BATCH	  64

struct syn {
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

/* RFC 9293, 3.1: the addresses are part of the checksum. */
struct pseudo {
	uint32_t source;
	uint32_t destination;
	uint8_t zero;
	uint8_t protocol;
	uint16_t length;
	struct tcphdr tcp;
} __attribute__((packed));

struct flood {
	struct endpoint target;
	uint32_t first_source; /* host order */
	uint64_t sources;
	uint64_t packets;
	uint64_t rate;	 /* packets a second; 0: as fast as it goes */
	bool acks;	 /* instead of SYNs: segments that belong to nobody */
	uint64_t random; /* 0: sources in their order; else the state of the generator */
	int fd;
};

/* xorshift64 (Marsaglia, 2003). */
static uint64_t random_next(struct flood *flood)
{
	flood->random ^= flood->random << 13;
	flood->random ^= flood->random >> 7;
	flood->random ^= flood->random << 17;
	return flood->random;
}

uint16_t internet_checksum(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static uint16_t target_port(struct flood *flood)
{
	uint16_t port = flood->target.v4.sin_port;

	return port ? port : htons(1 + random_next(flood) % 65535);
}

static void syn_make(struct flood *flood, uint64_t number, struct syn *ret)
{
	struct pseudo pseudo = {.protocol = IPPROTO_TCP, .length = htons(sizeof(pseudo.tcp))};
	uint64_t which = flood->random ? random_next(flood) : number;
	uint32_t source = flood->first_source + (uint32_t)(which % flood->sources);

	memset(ret, 0, sizeof(*ret));
	ret->ip.version = 4;
	ret->ip.ihl = 5;
	ret->ip.ttl = 64;
	ret->ip.protocol = IPPROTO_TCP;
	ret->ip.tot_len = htons(sizeof(*ret));
	ret->ip.saddr = htonl(source);
	ret->ip.daddr = flood->target.v4.sin_addr.s_addr;
	ret->tcp.source = htons(FLOOD_SOURCE_PORT);
	ret->tcp.dest = target_port(flood);
	ret->tcp.seq = htonl((uint32_t)number);
	ret->tcp.doff = 5;
	ret->tcp.syn = !flood->acks;
	ret->tcp.ack = flood->acks;
	ret->tcp.window = htons(1024);
	pseudo.source = ret->ip.saddr;
	pseudo.destination = ret->ip.daddr;
	pseudo.tcp = ret->tcp;
	ret->tcp.check = internet_checksum(&pseudo, sizeof(pseudo));
}

static void batch_send(struct flood *flood, uint64_t first, unsigned int count)
{
	struct mmsghdr messages[FLOOD_BATCH];
	struct iovec parts[FLOOD_BATCH];
	struct syn syns[FLOOD_BATCH];
	unsigned int sent = 0;

	memset(messages, 0, sizeof(messages));
	for (unsigned int i = 0; i < count; i++) {
		syn_make(flood, first + i, &syns[i]);
		parts[i] = (struct iovec){.iov_base = &syns[i], .iov_len = sizeof(syns[i])};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = (void *)&flood->target;
		messages[i].msg_hdr.msg_namelen = sizeof(flood->target.v4);
	}
	while (sent < count) {
		int done = sendmmsg(flood->fd, messages + sent, count - sent, 0);

		if (done < 0)
			err(1, "sendmmsg");
		sent += (unsigned int)done;
	}
}

static volatile sig_atomic_t is_stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	is_stopped = 1;
}

/* Wait until so many are due. */
static void pace(const struct flood *flood, const struct timespec *start, uint64_t sent)
{
	uint64_t ns = start->tv_nsec + sent % flood->rate * 1000000000 / flood->rate;
	struct timespec due = {.tv_sec = start->tv_sec + sent / flood->rate + ns / 1000000000,
			       .tv_nsec = ns % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static void flood_run(struct flood *flood)
{
	struct timespec start;
	uint64_t sent = 0;

	signal(SIGTERM, stop);
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (sent < flood->packets && !is_stopped) {
		uint64_t left = flood->packets - sent;
		unsigned int count = left < FLOOD_BATCH ? (unsigned int)left : FLOOD_BATCH;

		if (flood->rate && count > 1 + flood->rate / 1000)
			count = 1 + flood->rate / 1000;
		if (flood->rate)
			pace(flood, &start, sent);
		batch_send(flood, sent, count);
		sent += count;
	}
	printf("sent %llu\n", (unsigned long long)sent);
}

int probe_flood(int argc, char **argv)
{
	struct flood flood = {.first_source = 0xc6120000, /* 198.18.0.0/15, RFC 2544 */
			      .sources = 1,
			      .packets = 1};
	int option;

	while ((option = getopt(argc, argv, "as:n:c:r:R")) != -1) {
		if (option == 's')
			flood.first_source = ntohl(endpoint_parse(optarg, 0).v4.sin_addr.s_addr);
		else if (option == 'n')
			flood.sources = number_parse(optarg);
		else if (option == 'c')
			flood.packets = number_parse(optarg);
		else if (option == 'r')
			flood.rate = number_parse(optarg);
		else if (option == 'a')
			flood.acks = true;
		else if (option == 'R')
			getrandom(&flood.random, sizeof(flood.random), 0);
		else
			return 2;
	}
	if (argc - optind != 2 || flood.sources == 0)
		errx(2, "flood: ADDRESS PORT are missing, or there are no sources");
	flood.target = endpoint_parse(
		argv[optind], strcmp(argv[optind + 1], "0") ? port_parse(argv[optind + 1]) : 0);
	if (flood.target.any.sa_family != AF_INET)
		errx(2, "flood: IPv4 only");
	if (!flood.target.v4.sin_port && !flood.random)
		errx(2, "flood: port 0, another one for each packet, needs -R");
	flood.fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (flood.fd < 0)
		err(1, "raw socket");
	flood_run(&flood);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * probe_flood.c - TCP SYNs from made-up sources, through a raw socket.
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
#include <stdio.h>
#include <string.h>
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
	int fd;
};

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

static void syn_make(const struct flood *flood, uint64_t number, struct syn *ret)
{
	struct pseudo pseudo = {.protocol = IPPROTO_TCP, .length = htons(sizeof(pseudo.tcp))};
	uint32_t source = flood->first_source + (uint32_t)(number % flood->sources);

	memset(ret, 0, sizeof(*ret));
	ret->ip.version = 4;
	ret->ip.ihl = 5;
	ret->ip.ttl = 64;
	ret->ip.protocol = IPPROTO_TCP;
	ret->ip.tot_len = htons(sizeof(*ret));
	ret->ip.saddr = htonl(source);
	ret->ip.daddr = flood->target.v4.sin_addr.s_addr;
	ret->tcp.source = htons(FLOOD_SOURCE_PORT);
	ret->tcp.dest = flood->target.v4.sin_port;
	ret->tcp.seq = htonl((uint32_t)number);
	ret->tcp.doff = 5;
	ret->tcp.syn = 1;
	ret->tcp.window = htons(1024);
	pseudo.source = ret->ip.saddr;
	pseudo.destination = ret->ip.daddr;
	pseudo.tcp = ret->tcp;
	ret->tcp.check = internet_checksum(&pseudo, sizeof(pseudo));
}

static void batch_send(const struct flood *flood, uint64_t first, unsigned int count)
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

static void flood_run(const struct flood *flood)
{
	uint64_t sent = 0;

	signal(SIGTERM, stop);
	while (sent < flood->packets && !is_stopped) {
		uint64_t left = flood->packets - sent;
		unsigned int count = left < FLOOD_BATCH ? (unsigned int)left : FLOOD_BATCH;

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

	while ((option = getopt(argc, argv, "s:n:c:")) != -1) {
		if (option == 's')
			flood.first_source = ntohl(endpoint_parse(optarg, 0).v4.sin_addr.s_addr);
		else if (option == 'n')
			flood.sources = number_parse(optarg);
		else if (option == 'c')
			flood.packets = number_parse(optarg);
		else
			return 2;
	}
	if (argc - optind != 2 || flood.sources == 0)
		errx(2, "flood: ADDRESS PORT are missing, or there are no sources");
	flood.target = endpoint_parse(argv[optind], port_parse(argv[optind + 1]));
	if (flood.target.any.sa_family != AF_INET)
		errx(2, "flood: IPv4 only");
	flood.fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (flood.fd < 0)
		err(1, "raw socket");
	flood_run(&flood);
	return 0;
}

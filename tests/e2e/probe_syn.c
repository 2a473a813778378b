// SPDX-License-Identifier: GPL-2.0
/*
 * probe_syn.c - one TCP SYN (or ACK) built byte by byte: any source, VLAN tags, IPv6 extension headers.
 *
 * Sent and heard through packet sockets, so that the sender's own stack has no say: an answer shows
 * that the whole of the other host's stack took the frame.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define SYN_SOURCE_PORT 41000
#define FRAME_MAX	1024
#define ROUTING_HARMLESS                                                                           \
	253 /* RFC 4727: a type for experiments, so that no segment routing starts */

struct syn_options {
	const char *device;
	const char *receiver; /* MAC address */
	const char *tags;     /* "7" or "100,0": VLAN ids from the outermost on; NULL: none */
	const char
		*extensions; /* "60,43:0": next-header numbers, with a routing type; NULL: none */
	struct endpoint source;
	struct endpoint target;
	uint16_t port; /* source port; 0: any */
	bool ack;      /* an ACK in place of the SYN */
	int64_t wait_ms;
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t length;
};

static void *frame_put(struct frame *frame, const void *bytes, size_t length)
{
	void *at = frame->bytes + frame->length;

	if (frame->length + length > sizeof(frame->bytes))
		errx(2, "the frame would be too long");
	memcpy(at, bytes, length);
	frame->length += length;
	return at;
}

static void frame_put16(struct frame *frame, uint16_t value)
{
	uint16_t bytes = htons(value);

	frame_put(frame, &bytes, sizeof(bytes));
}

/* Walks "7,43:0": sets the number and what stands behind the colon (or the default). */
static bool list_next(const char **text, unsigned int *number, unsigned int *detail)
{
	char *end;

	if (!*text || !**text)
		return false;
	*number = (unsigned int)strtoul(*text, &end, 10);
	if (*end == ':')
		*detail = (unsigned int)strtoul(end + 1, &end, 10);
	if (end == *text || (*end && *end != ','))
		errx(2, "\"%s\" is not a list of numbers", *text);
	*text = *end ? end + 1 : end;
	return true;
}

static void ethernet_put(struct frame *frame, const struct syn_options *options)
{
	const struct ether_addr *receiver = ether_aton(options->receiver);
	const uint8_t sender[ETH_ALEN] = {0x02, 0, 0, 0, 0, 0x66};
	const char *tags = options->tags;
	unsigned int id, unused;

	if (!receiver)
		errx(2, "\"%s\" is not a MAC address", options->receiver);
	frame_put(frame, receiver, ETH_ALEN);
	frame_put(frame, sender, ETH_ALEN);
	while (list_next(&tags, &id, &unused)) {
		frame_put16(frame, *tags ? 0x88a8 : ETHERTYPE_VLAN);
		frame_put16(frame, (uint16_t)id);
	}
	frame_put16(frame,
		    options->target.any.sa_family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
}

static void extension_fill(uint8_t *header, unsigned int number, unsigned int detail)
{
	switch (number) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
		header[2] = IP6OPT_PADN;
		header[3] = 4;
		break;
	case IPPROTO_ROUTING:
		header[2] = (uint8_t)detail;
		break;
	case IPPROTO_AH:
		header[1] = 4; /* 24 bytes */
		break;
	}
}

/* Returns where the next number has to be written. */
static uint8_t *extensions_put(struct frame *frame, const char *list, uint8_t *next)
{
	unsigned int number, detail = ROUTING_HARMLESS;

	for (; list_next(&list, &number, &detail); detail = ROUTING_HARMLESS) {
		uint8_t header[24] = {0};

		extension_fill(header, number, detail);
		*next = (uint8_t)number;
		next = frame_put(frame, header, number == IPPROTO_AH ? 24 : 8);
	}
	return next;
}

static struct tcphdr syn_header(const struct syn_options *options)
{
	return (struct tcphdr){
		.source = options->source.v4.sin_port,
		.dest = options->target.v4.sin_port,
		.seq = htonl(1000),
		.doff = 5,
		.syn = !options->ack,
		.ack = options->ack,
		.window = htons(1024),
	};
}

static void ipv4_put(struct frame *frame, const struct syn_options *options)
{
	struct tcphdr tcp = syn_header(options);
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.tot_len = htons(sizeof(ip) + sizeof(tcp)),
		.saddr = options->source.v4.sin_addr.s_addr,
		.daddr = options->target.v4.sin_addr.s_addr,
	};
	struct frame pseudo = {0};

	ip.check = internet_checksum(&ip, sizeof(ip));
	frame_put(frame, &ip, sizeof(ip));
	frame_put(&pseudo, &ip.saddr, 8);
	frame_put16(&pseudo, IPPROTO_TCP);
	frame_put16(&pseudo, sizeof(tcp));
	frame_put(&pseudo, &tcp, sizeof(tcp));
	tcp.check = internet_checksum(pseudo.bytes, pseudo.length);
	frame_put(frame, &tcp, sizeof(tcp));
}

static void ipv6_put(struct frame *frame, const struct syn_options *options)
{
	struct tcphdr tcp = syn_header(options);
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_hlim = 64,
		.ip6_src = options->source.v6.sin6_addr,
		.ip6_dst = options->target.v6.sin6_addr,
	};
	struct frame pseudo = {0};
	struct ip6_hdr *header;
	size_t behind;

	header = frame_put(frame, &ip, sizeof(ip));
	behind = frame->length;
	*extensions_put(frame, options->extensions, &header->ip6_nxt) = IPPROTO_TCP;
	/* RFC 8200, 8.1 */
	frame_put(&pseudo, &ip.ip6_src, 32);
	frame_put16(&pseudo, 0);
	frame_put16(&pseudo, sizeof(tcp));
	frame_put16(&pseudo, 0);
	frame_put16(&pseudo, IPPROTO_TCP);
	frame_put(&pseudo, &tcp, sizeof(tcp));
	tcp.check = internet_checksum(pseudo.bytes, pseudo.length);
	frame_put(frame, &tcp, sizeof(tcp));
	header->ip6_plen = htons((uint16_t)(frame->length - behind));
}

/* A socket that hears everything on the device; with SOCK_DGRAM from the IP header on. */
static int packet_socket(int type, const char *device)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, type | SOCK_CLOEXEC, 0);

	address.sll_ifindex = (int)if_nametoindex(device);
	if (fd < 0 || !address.sll_ifindex)
		err(1, "packet socket on %s", device);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "bind to %s", device);
	return fd;
}

/* The answer to our SYN, or NULL if this packet is another one. */
static const char *answer_read(const struct syn_options *options, const uint8_t *packet,
			       size_t length)
{
	bool ipv4 = options->target.any.sa_family == AF_INET;
	size_t header = ipv4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	const struct tcphdr *tcp = (const void *)(packet + header);

	if (length < header + sizeof(*tcp) || packet[0] >> 4 != (ipv4 ? 4 : 6) ||
	    packet[ipv4 ? 9 : 6] != IPPROTO_TCP || tcp->source != options->target.v4.sin_port ||
	    tcp->dest != options->source.v4.sin_port || (!tcp->ack && !tcp->rst))
		return NULL;
	return tcp->rst ? "refused" : "open";
}

static const char *answer_await(const struct syn_options *options, int fd)
{
	int64_t left, deadline = now_ms() + options->wait_ms;
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	const char *answer = NULL;
	uint8_t packet[2048];

	while (!answer && (left = deadline - now_ms()) > 0) {
		ssize_t length = 0;

		if (poll(&polled, 1, (int)left) > 0)
			length = recv(fd, packet, sizeof(packet), 0);
		if (length > 0)
			answer = answer_read(options, packet, (size_t)length);
	}
	return answer ? answer : "silent";
}

static void options_read(struct syn_options *options, int argc, char **argv)
{
	const char *source = NULL;
	int option;

	while ((option = getopt(argc, argv, "ai:m:p:s:v:x:w:")) != -1) {
		if (option == 'i')
			options->device = optarg;
		else if (option == 'm')
			options->receiver = optarg;
		else if (option == 's')
			source = optarg;
		else if (option == 'p')
			options->port = port_parse(optarg);
		else if (option == 'a')
			options->ack = true;
		else if (option == 'v')
			options->tags = optarg;
		else if (option == 'x')
			options->extensions = optarg;
		else if (option == 'w')
			options->wait_ms = (int64_t)number_parse(optarg);
		else
			exit(2);
	}
	if (argc - optind != 2 || !options->device || !options->receiver || !source)
		errx(2, "syn: -i, -m, -s, ADDRESS or PORT is missing");
	options->target = endpoint_parse(argv[optind], port_parse(argv[optind + 1]));
	/*
	 * Another port each time: a half-open connection of the last try would answer for this one.
	 */
	if (!options->port)
		options->port = (uint16_t)(SYN_SOURCE_PORT + getpid() % 20000);
	options->source = endpoint_parse(source, options->port);
	if (options->source.any.sa_family != options->target.any.sa_family)
		errx(2, "syn: source and target are of different families");
}

int probe_syn(int argc, char **argv)
{
	struct syn_options options = {.wait_ms = 300};
	struct frame frame = {0};
	int hear, send_fd;

	options_read(&options, argc, argv);
	ethernet_put(&frame, &options);
	if (options.target.any.sa_family == AF_INET)
		ipv4_put(&frame, &options);
	else
		ipv6_put(&frame, &options);
	hear = packet_socket(SOCK_DGRAM, options.device);
	send_fd = packet_socket(SOCK_RAW, options.device);
	if (send(send_fd, frame.bytes, frame.length, 0) < 0)
		err(1, "send");
	puts(answer_await(&options, hear));
	return 0;
}

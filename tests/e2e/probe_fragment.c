// SPDX-License-Identifier: GPL-2.0
/*
 * probe_fragment.c - IP fragments made by hand: a flood of single ones, and whole datagrams in an
 * order that no stack of Linux sends.
 *
 * Through raw sockets, so that routing and the neighbour table are the kernel's.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define PIECE_BYTES	  1400 /* a multiple of 8 */
#define PIECES_MOST	  47
#define LATER_OFFSET	  800
#define IPV6_HDRINCL_HERE 36 /* linux/in6.h, which does not go with netinet/in.h */

struct way {
	int fd;
	struct endpoint source, target;
};

struct fragment {
	uint32_t id;
	size_t offset;
	bool more;
	const uint8_t *bytes;
	size_t length;
};

static struct way way_open(const char *source, const char *target)
{
	struct way way = {.source = endpoint_parse(source, 0), .target = endpoint_parse(target, 0)};
	int family = way.target.any.sa_family, on = 1;

	way.fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (way.fd < 0)
		err(1, "raw socket");
	if (family == AF_INET6 &&
	    setsockopt(way.fd, IPPROTO_IPV6, IPV6_HDRINCL_HERE, &on, sizeof(on)))
		err(1, "IPV6_HDRINCL");
	return way;
}

static size_t header4(const struct way *way, const struct fragment *fragment, uint8_t *packet)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.id = htons((uint16_t)fragment->id),
		.frag_off = htons(fragment->offset / 8 | (fragment->more ? IP_MF : 0)),
		.saddr = way->source.v4.sin_addr.s_addr,
		.daddr = way->target.v4.sin_addr.s_addr,
	};

	memcpy(packet, &ip, sizeof(ip)); /* the kernel fills in length and checksum */
	return sizeof(ip);
}

static size_t header6(const struct way *way, const struct fragment *fragment, uint8_t *packet)
{
	struct ip6_frag header = {
		.ip6f_nxt = IPPROTO_UDP,
		.ip6f_offlg = htons(fragment->offset | fragment->more),
		.ip6f_ident = htonl(fragment->id),
	};
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_hlim = 64,
		.ip6_nxt = IPPROTO_FRAGMENT,
		.ip6_plen = htons((uint16_t)(sizeof(header) + fragment->length)),
		.ip6_src = way->source.v6.sin6_addr,
		.ip6_dst = way->target.v6.sin6_addr,
	};

	memcpy(packet, &ip, sizeof(ip));
	memcpy(packet + sizeof(ip), &header, sizeof(header));
	return sizeof(ip) + sizeof(header);
}

static void fragment_send(const struct way *way, const struct fragment *fragment)
{
	bool ipv4 = way->target.any.sa_family == AF_INET;
	uint8_t packet[PIECE_BYTES + 100];
	size_t size = ipv4 ? header4(way, fragment, packet) : header6(way, fragment, packet);

	memcpy(packet + size, fragment->bytes, fragment->length);
	size += fragment->length;
	if (sendto(way->fd, packet, size, 0, &way->target.any, way->target.length) < 0)
		err(1, "send to %s", endpoint_text(&way->target));
}

static void pause_us(long us)
{
	struct timespec time = {.tv_nsec = us * 1000};

	if (us)
		nanosleep(&time, NULL);
}

/* COUNT later fragments, each of a datagram of its own. */
int probe_strays(int argc, char **argv)
{
	static const uint8_t bytes[PIECE_BYTES];
	struct fragment fragment = {
		.offset = LATER_OFFSET, .more = true, .bytes = bytes, .length = sizeof(bytes)};
	struct way way;
	long pause;
	uint64_t count;

	if (argc != 5)
		errx(2, "strays: SOURCE TARGET COUNT MICROSECONDS are missing");
	way = way_open(argv[1], argv[2]);
	count = number_parse(argv[3]);
	pause = (long)number_parse(argv[4]);
	srandom((unsigned int)getpid());
	fragment.id = (uint32_t)random();
	for (uint64_t i = 0; i < count; i++, fragment.id++) {
		fragment_send(&way, &fragment);
		if (i == 0)
			puts("begun");
		pause_us(pause);
	}
	return 0;
}

/* A UDP datagram whose payload begins with "piecework"; the checksum of IPv4 is left out. */
static void datagram_fill(const struct way *way, const char *const *ports, uint8_t *datagram,
			  size_t length)
{
	struct udphdr *udp = (void *)datagram;
	uint8_t *pseudo = datagram + length; /* there is room behind */

	memset(datagram, 'x', length);
	memcpy(datagram + sizeof(*udp), "piecework", 9);
	*udp = (struct udphdr){.uh_sport = htons(port_parse(ports[0])),
			       .uh_dport = htons(port_parse(ports[1])),
			       .uh_ulen = htons((uint16_t)length)};
	if (way->target.any.sa_family == AF_INET)
		return;
	memset(pseudo, 0, 40);
	memcpy(pseudo, &way->source.v6.sin6_addr, 16);
	memcpy(pseudo + 16, &way->target.v6.sin6_addr, 16);
	pseudo[34] = (uint8_t)(length >> 8);
	pseudo[35] = (uint8_t)length;
	pseudo[39] = IPPROTO_UDP;
	udp->uh_sum = internet_checksum(datagram, length + 40);
}

/* The places of the pieces: in which order they are sent. */
static void order_make(const char *name, size_t count, size_t *ret)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = strcmp(name, "backward") ? i : count - 1 - i;
	for (size_t i = count; !strcmp(name, "shuffled") && i > 1; i--) {
		size_t other = (size_t)random() % i, place = ret[i - 1];

		ret[i - 1] = ret[other];
		ret[other] = place;
	}
}

static void datagram_send(const struct way *way, const char *order, const uint8_t *datagram,
			  size_t length)
{
	size_t places[PIECES_MOST], count = (length + PIECE_BYTES - 1) / PIECE_BYTES;
	uint32_t id = (uint32_t)random() | 1;

	order_make(order, count, places);
	for (size_t i = 0; i < count; i++) {
		struct fragment fragment = {.id = id, .offset = places[i] * PIECE_BYTES};

		fragment.more = places[i] + 1 < count;
		fragment.bytes = datagram + fragment.offset;
		fragment.length = fragment.more ? PIECE_BYTES : length - fragment.offset;
		fragment_send(way, &fragment);
	}
}

int probe_pieces(int argc, char **argv)
{
	static uint8_t datagram[PIECE_BYTES * PIECES_MOST + 40];
	struct way way;
	uint64_t count;
	size_t length;

	if (argc != 8)
		errx(2, "pieces: ORDER COUNT SOURCE TARGET PORT PORT BYTES are missing");
	count = number_parse(argv[2]);
	way = way_open(argv[3], argv[4]);
	length = (size_t)number_parse(argv[7]) + sizeof(struct udphdr);
	if (length % 2 || length > (size_t)PIECE_BYTES * PIECES_MOST)
		errx(2, "pieces: BYTES has to be even, and below 65000");
	datagram_fill(&way, (const char *const *)argv + 5, datagram, length);
	srandom((unsigned int)getpid());
	while (count--) {
		datagram_send(&way, argv[1], datagram, length);
		pause_us(500);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* frame.c - one short TCP segment, whole and correct: peers check the sums. */
#include "bench.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <string.h>

#define IP_AT  ETH_HLEN
#define TCP_AT (IP_AT + sizeof(struct iphdr))

/* The locally administered addresses of the two ends; run.sh gives them to its devices. */
static const uint8_t receiver[ETH_ALEN] = {2, 0, 0, 0, 0, 2};
static const uint8_t sender[ETH_ALEN] = {2, 0, 0, 0, 0, 1};

static uint32_t sum_words(const void *data, size_t bytes)
{
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i + 1 < bytes; i += 2) {
		memcpy(&word, (const uint8_t *)data + i, 2);
		sum += word;
	}
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t frame_ip_sum(const uint8_t frame[FRAME_BYTES])
{
	struct iphdr ip;

	memcpy(&ip, frame + IP_AT, sizeof(ip));
	ip.check = 0;
	ip.saddr = 0;
	return sum_words(&ip, sizeof(ip));
}

uint32_t frame_tcp_sum(const uint8_t frame[FRAME_BYTES])
{
	struct tcphdr tcp;
	struct iphdr ip;

	memcpy(&ip, frame + IP_AT, sizeof(ip));
	memcpy(&tcp, frame + TCP_AT, sizeof(tcp));
	tcp.check = 0;
	return sum_words(&tcp, sizeof(tcp)) + sum_words(&ip.daddr, sizeof(ip.daddr)) +
	       htons(IPPROTO_TCP) + htons(sizeof(tcp));
}

void frame_build(uint8_t frame[FRAME_BYTES], const struct segment *segment)
{
	struct ethhdr ethernet = {.h_proto = htons(ETH_P_IP)};
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + sizeof(struct tcphdr)),
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.saddr = htonl(segment->source),
		.daddr = htonl(segment->destination),
	};
	struct tcphdr tcp = {
		.source = htons(segment->source_port),
		.dest = htons(segment->port),
		.doff = sizeof(tcp) / 4,
		.window = htons(64240),
	};
	uint32_t source;

	((uint8_t *)&tcp)[13] = segment->flags;
	memcpy(ethernet.h_dest, receiver, ETH_ALEN);
	memcpy(ethernet.h_source, sender, ETH_ALEN);
	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, &ethernet, sizeof(ethernet));
	memcpy(frame + IP_AT, &ip, sizeof(ip));
	memcpy(frame + TCP_AT, &tcp, sizeof(tcp));
	source = sum_words(&ip.saddr, sizeof(ip.saddr));
	ip.check = sum_fold(frame_ip_sum(frame) + source);
	tcp.check = sum_fold(frame_tcp_sum(frame) + source);
	memcpy(frame + IP_AT, &ip, sizeof(ip));
	memcpy(frame + TCP_AT, &tcp, sizeof(tcp));
}

/* SPDX-License-Identifier: GPL-2.0 */
/* packet.c - Ethernet, IP, TCP or UDP, with nothing in it. */
#include "kernel/observe/packet.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include <rolewall/abi.h>

#include "policy/cidr.h"

#define SOURCE_PORT 40000
#define HOPS	    64

static size_t put_tcp(const struct packet_spec *spec, unsigned char *at)
{
	struct tcphdr tcp = {
		.th_sport = htons(SOURCE_PORT),
		.th_dport = htons(spec->port),
		.th_off = sizeof(tcp) / 4,
		.th_flags = TH_SYN,
		.th_win = htons(64240),
	};

	memcpy(at, &tcp, sizeof(tcp));
	return sizeof(tcp);
}

static size_t put_udp(const struct packet_spec *spec, unsigned char *at)
{
	struct udphdr udp = {
		.uh_sport = htons(SOURCE_PORT),
		.uh_dport = htons(spec->port),
		.uh_ulen = htons(sizeof(udp)),
	};

	memcpy(at, &udp, sizeof(udp));
	return sizeof(udp);
}

static size_t put_l4(const struct packet_spec *spec, unsigned char *at)
{
	return spec->l4 == RW_L4_TCP ? put_tcp(spec, at) : put_udp(spec, at);
}

static uint8_t protocol_of(const struct packet_spec *spec)
{
	return spec->l4 == RW_L4_TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

static size_t put_ipv4(const struct packet_spec *spec, unsigned char *at)
{
	size_t length = sizeof(struct iphdr) + put_l4(spec, at + sizeof(struct iphdr));
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons(length),
		.ttl = HOPS,
		.protocol = protocol_of(spec),
	};

	memcpy(&ip.saddr, spec->source + 12, sizeof(ip.saddr));
	if (cidr_is_ipv4(spec->destination, 128))
		memcpy(&ip.daddr, spec->destination + 12, sizeof(ip.daddr));
	memcpy(at, &ip, sizeof(ip));
	return length;
}

static size_t put_ipv6(const struct packet_spec *spec, unsigned char *at)
{
	size_t length = put_l4(spec, at + sizeof(struct ipv6hdr));
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = htons(length),
		.nexthdr = protocol_of(spec),
		.hop_limit = HOPS,
	};

	memcpy(&ip.saddr, spec->source, sizeof(ip.saddr));
	if (!cidr_is_ipv4(spec->destination, 128))
		memcpy(&ip.daddr, spec->destination, sizeof(ip.daddr));
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip) + length;
}

size_t packet_make(const struct packet_spec *spec, unsigned char ret[PACKET_MAX])
{
	bool ipv4 = cidr_is_ipv4(spec->source, 128);
	struct ethhdr ethernet = {.h_proto = htons(ipv4 ? ETH_P_IP : ETH_P_IPV6)};
	size_t used = spec->ethernet ? sizeof(ethernet) : 0;

	memset(ret, 0, PACKET_MAX);
	memcpy(ret, &ethernet, used);
	return used + (ipv4 ? put_ipv4(spec, ret + used) : put_ipv6(spec, ret + used));
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every port of every zone, over TCP and UDP, IPv4 and IPv6, with all roles applied: who gets in is
 * what the requirements page says (tests/unit/seed-ports.tsv, typed by hand), and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "vectors.h"

#define SEED "tests/unit/seed-ports.tsv"

static const char node[] =
	"{ \"version\": 1, \"node\": \"all.example.com\", \"profile\": \"carbonio-ce-23.10\","
	"  \"roles\": [\"mta\", \"proxy\", \"postgres\", \"directory-server\", \"appserver\","
	"             \"videoserver\", \"mesh\"], \"mode\": \"enforce\","
	"  \"interfaces\": { \"ext0\": { \"zone\": \"external\" }, \"int0\": { \"zone\": "
	"\"internal\" },"
	"                  \"vpn0\": { \"zone\": \"vpn\" } } }";

enum zone { EXTERNAL, INTERNAL, VPN, ZONES };

/* Whom the page lets in, by protocol and port, as bits of enum zone. */
static uint8_t seed[2][65536];

static const struct sweep {
	const char *hex; /* a packet; its destination port is put in */
	size_t port_at;
	unsigned int l4;
} tcp4 = {ETH4 IP4("00 28", "00 00", "06") TCP("00 00", SYN), 36, RW_L4_TCP},
  udp4 = {ETH4 IP4("00 1c", "00 00", "11") UDP("9c 40", "00 00", "00 08"), 36, RW_L4_UDP},
  tcp6 = {ETH6 IP6("00 14", "06", "40") TCP("00 00", SYN), 56, RW_L4_TCP},
  udp6 = {ETH6 IP6("00 08", "11", "40") UDP("9c 40", "00 00", "00 08"), 56, RW_L4_UDP};

static int seed_read(void)
{
	_fclose_ FILE *file = fopen(SEED, "re");
	char line[256], role[32], table[32], l4[8], service[32];
	unsigned int port;
	int rows = 0;

	while (file && fgets(line, sizeof(line), file)) {
		uint8_t zones = 1 << INTERNAL;

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%31s %31s %u %7s %31s", role, table, &port, l4, service) != 5)
			return -1;
		if (!strcmp(table, "external"))
			zones = 1 << EXTERNAL | 1 << INTERNAL | 1 << VPN;
		else if (!strcmp(service, "ssh"))
			zones = 1 << INTERNAL | 1 << VPN;
		seed[strcmp(l4, "udp") ? RW_L4_TCP : RW_L4_UDP][port] |= zones;
		rows++;
	}
	return rows == 45 ? 0 : -1;
}

static int setup(void **state)
{
	if (seed_read()) {
		print_error("%s does not have the 45 rows of the page\n", SEED);
		return -1;
	}
	if (harness_setup(state))
		return -1;
	harness_apply(*state, node);
	return 0;
}

static bool is_allowed(enum zone zone, unsigned int l4, unsigned int port)
{
	return seed[l4][port] >> zone & 1;
}

/* The reasons of all 65,535 packets, as the page would have them. */
static void expect_counts(const struct counts *before, const struct counts *after, enum zone zone,
			  unsigned int l4)
{
	uint64_t open = 0, denied = 0;
	unsigned int port, closed;

	for (port = 1; port < 65536; port++) {
		open += is_allowed(zone, l4, port);
		denied += seed[l4][port] && !is_allowed(zone, l4, port);
	}
	closed = l4 == RW_L4_TCP ? RW_REASON_NOT_OPEN : RW_REASON_NO_CONNECTION;
	assert_int_equal(after->reasons[RW_REASON_OPEN] - before->reasons[RW_REASON_OPEN], open);
	assert_int_equal(after->reasons[RW_REASON_ZONE_DENIED] -
				 before->reasons[RW_REASON_ZONE_DENIED],
			 denied);
	assert_int_equal(after->reasons[closed] - before->reasons[closed], 65535 - open - denied);
	assert_int_equal(after->all - before->all, 65535);
}

static void sweep_ports(struct harness *harness, enum entry entry, enum zone zone,
			const struct sweep *sweep)
{
	static const struct arrival *const arrivals[ZONES] = {&on_ext0, &on_int0, &on_vpn0};
	_free_ struct frame *frame = frame_from_hex(sweep->hex);
	struct counts before, after;
	unsigned int port;

	counts_read(harness, &before);
	for (port = 1; port < 65536; port++) {
		frame->bytes[sweep->port_at] = port >> 8;
		frame->bytes[sweep->port_at + 1] = port;
		if (harness_run(harness, entry, arrivals[zone], frame) !=
		    is_allowed(zone, sweep->l4, port))
			fail_msg("%s, zone %d: port %u is %s", entry_name(entry), zone, port,
				 is_allowed(zone, sweep->l4, port) ? "closed" : "open");
	}
	counts_read(harness, &after);
	expect_counts(&before, &after, zone, sweep->l4);
}

static void sweep_zones(struct harness *harness, const struct sweep *sweep)
{
	enum zone zone;

	for (zone = EXTERNAL; zone < ZONES; zone++) {
		sweep_ports(harness, ENTRY_FRAGS, zone, sweep);
		sweep_ports(harness, ENTRY_INGRESS, zone, sweep);
	}
}

static void every_tcp_port_over_ipv4_is_as_the_page_says(void **state)
{
	sweep_zones(*state, &tcp4);
}

static void every_udp_port_over_ipv4_is_as_the_page_says(void **state)
{
	sweep_zones(*state, &udp4);
}

static void every_tcp_port_over_ipv6_is_as_the_page_says(void **state)
{
	sweep_zones(*state, &tcp6);
}

static void every_udp_port_over_ipv6_is_as_the_page_says(void **state)
{
	sweep_zones(*state, &udp6);
}

/* docs/verdict.md, section 8: of URG ACK PSH RST SYN FIN. */
static bool is_honest(unsigned int flags)
{
	bool fin = flags & 0x01, syn = flags & 0x02, rst = flags & 0x04, ack = flags & 0x10;

	return (flags & 0x3f) && !(syn && fin) && !(syn && rst) && !(fin && !ack);
}

static void every_byte_of_tcp_flags_is_judged_as_documented(void **state)
{
	_free_ struct frame *frame =
		frame_from_hex(ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN));
	unsigned int flags, entry;

	for (flags = 0; flags < 256; flags++) {
		frame->bytes[47] = flags;
		for (entry = 0; entry < ENTRIES; entry++)
			if (harness_run(*state, entry, &on_ext0, frame) != is_honest(flags))
				fail_msg("%s: flags %02x", entry_name(entry), flags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tcp_port_over_ipv4_is_as_the_page_says),
		cmocka_unit_test(every_udp_port_over_ipv4_is_as_the_page_says),
		cmocka_unit_test(every_tcp_port_over_ipv6_is_as_the_page_says),
		cmocka_unit_test(every_udp_port_over_ipv6_is_as_the_page_says),
		cmocka_unit_test(every_byte_of_tcp_flags_is_judged_as_documented),
	};

	return cmocka_run_group_tests_name("exhaustive", tests, setup, harness_teardown);
}

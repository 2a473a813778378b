/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle's model against packets that were written and judged by hand, section by section of
 * docs/verdict.md. A model that nobody checks is worth as little as the program it checks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../oracle/model.h"

/* Packets are tables, one a line; what a sample does not name is zero: Ethernet, no ifindex. */
/* clang-format off */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Building blocks, in hex. Addresses: 192.0.2.1 or 2001:db8::1 is the peer, 198.51.100.1 or 2001:db8::2 this host. */
#define ETH4	  "020000000001 020000000002 0800 "
#define ETH6	  "020000000001 020000000002 86dd "
#define ETH	  "020000000001 020000000002 "
#define HOST4	  "c6336401 "
#define PEER4	  "c0000201 "
#define IP4(total, proto, source) "4500" total " 00004000 40" proto "0000 " source HOST4
#define GUEST4	  "0a020005 " /* behind this host */
#define NAT4	  "c6336409 " /* what its packets become */
#define TO4(proto, to) ETH4 "45000028 00004000 40" proto "0000 " PEER4 to
#define TO4U(to)  ETH4 "4500001c 00004000 40110000 " PEER4 to
#define HOST6	  "20010db8000000000000000000000002 "
#define PEER6	  "20010db8000000000000000000000001 "
#define IP6(length, next, hops) "60000000 " length next hops " " PEER6 HOST6
#define TCP_FROM(sport, dport, flags) sport dport " 00000000 00000000 50" flags "ffff 00000000 "
#define TCP(dport, flags) TCP_FROM("c350 ", dport, flags)
#define SYN	  "02 "
#define ACK	  "10 "
#define UDP(sport, dport) sport dport " 0008 0000 "
#define ICMP(type) type "00 0000 00000000 "

struct sample {
	const char *name;
	const char *hex;
	enum rw_reason reason;
	enum model_hook hook;
	uint32_t ifindex;
};

static struct model_policy policy;

static const struct model_socket sockets[] = {
	{
		.remote = {[10] = 0xff, 0xff, 192, 0, 2, 1},
		.local = {[10] = 0xff, 0xff, 198, 51, 100, 1},
		.remote_port = 443,
		.local_port = 40000,
	},
};

#define PEER_BYTES {[10] = 0xff, 0xff, 192, 0, 2, 1}
#define HOST_BYTES {[10] = 0xff, 0xff, 198, 51, 100, 1}

static struct model_flow flows[] = {
	{.remote = PEER_BYTES, .local = HOST_BYTES, .remote_port = 53, .local_port = 40000},
	{.remote = PEER_BYTES, .local = HOST_BYTES, .remote_port = 123, .local_port = 40000, .stale = true},
	{.remote = PEER_BYTES, .local = PEER_BYTES, .remote_port = 54, .local_port = 40000},
};

#define GUEST_BYTES {[10] = 0xff, 0xff, 10, 2, 0, 5}
#define NAT_BYTES {[10] = 0xff, 0xff, 198, 51, 100, 9}

/* A guest of this host asked, under the address NAT; a peer asked there, and a guest answers from another port. */
#define GUEST_ASKED(protocol, guest_port, port) \
	{protocol, false, GUEST_BYTES, PEER_BYTES, guest_port, port, PEER_BYTES, NAT_BYTES, port, guest_port}
#define PEER_ASKED(protocol, agreed, peer_port, port, guest_port) \
	{protocol, agreed, PEER_BYTES, NAT_BYTES, peer_port, port, GUEST_BYTES, PEER_BYTES, guest_port, peer_port}

static const struct model_tracked tracked[] = {
	GUEST_ASKED(6, 40016, 443),
	PEER_ASKED(6, true, 40017, 8080, 80),
	PEER_ASKED(6, false, 40018, 8080, 80),
	GUEST_ASKED(17, 40019, 123),
	GUEST_ASKED(17, 40020, 161),
	PEER_ASKED(17, true, 40021, 5353, 7777),
};

#define PREFIX4(a, b, c, d, bits) {{[10] = 0xff, 0xff, (a), (b), (c), (d)}, 96 + (bits)}

static struct model_zone_prefix zone_prefixes[] = {
	{1, PREFIX4(10, 0, 0, 0, 8), RW_ZONE_INTERNAL},
	{1, PREFIX4(10, 1, 0, 0, 16), RW_ZONE_EXTERNAL},
	{1, PREFIX4(10, 1, 1, 1, 32), RW_ZONE_VPN | RW_ZONE_MANAGEMENT},
	{2, PREFIX4(172, 16, 0, 0, 12), RW_ZONE_VPN},
};

static struct model_opening openings[] = {
	{RW_L4_TCP, 6071, PREFIX4(100, 64, 0, 0, 10), false},
	{RW_L4_TCP, 6071, PREFIX4(100, 64, 1, 0, 24), true},
};

static struct model_prefix bans[] = {PREFIX4(203, 0, 113, 9, 32)};
static struct model_prefix ban_prefixes[] = {PREFIX4(198, 18, 0, 0, 15)};

static struct model_interface interfaces[] = {
	{0, 0, 1, false},
	{101, 0, 1, false},
	{103, 0, 3, false},
	{101, 7, 3, false},
	{101, 5 | 6 << 12, 3, false},
	{102, 0, 1, true},
};

static int policy_reset(void **state)
{
	memset(&policy, 0, sizeof(policy));
	policy.in_force = true;
	policy.flags = RW_POLICY_ENFORCE;
	policy.echo_rate = 65535;
	policy.slots[1] = (struct model_slot){.zone = RW_ZONE_EXTERNAL, .list = 1};
	policy.slots[2] = (struct model_slot){.zone = RW_ZONE_EXTERNAL};
	policy.slots[3] = (struct model_slot){.zone = RW_ZONE_VPN};
	policy.protocols[50] = true;
	policy.ports[RW_L4_TCP][25] = (struct model_port){RW_ZONE_ALL, 7};
	policy.ports[RW_L4_TCP][6071] = (struct model_port){RW_ZONE_VPN, 9};
	policy.ports[RW_L4_TCP][5432] = (struct model_port){RW_ZONE_INTERNAL, 11};
	policy.ports[RW_L4_TCP][22] = (struct model_port){RW_ZONE_MANAGEMENT, 13};
	policy.ports[RW_L4_UDP][161] = (struct model_port){RW_ZONE_INTERNAL, 15};
	for (size_t i = 0; i < RW_SLOTS; i++)
		policy.slots[i].accepts = RW_ACCEPTS_RA | RW_ACCEPTS_DHCP;
	policy.zone_prefixes[0].list = zone_prefixes;
	policy.zone_prefixes[0].count = COUNT(zone_prefixes);
	policy.interfaces.list = interfaces;
	policy.interfaces.count = COUNT(interfaces);
	policy.bans.list = bans;
	policy.bans.count = COUNT(bans);
	policy.ban_prefixes.list = ban_prefixes;
	policy.ban_prefixes.count = COUNT(ban_prefixes);
	policy.openings.list = openings;
	policy.openings.count = COUNT(openings);
	policy.flows.list = flows;
	policy.flows.count = COUNT(flows);
	policy.sockets.list = sockets;
	policy.sockets.count = COUNT(sockets);
	policy.tracked.list = tracked;
	policy.tracked.count = COUNT(tracked);
	policy.presence = (struct rw_presence){.bans = 1, .ban_prefixes = 1, .openings = 1};
	return 0;
}

static size_t hex_read(const char *hex, uint8_t *bytes, size_t size)
{
	size_t length = 0;
	unsigned int value;

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		assert_true(length < size);
		assert_int_equal(sscanf(hex, "%2x", &value), 1);
		bytes[length++] = value;
		hex += 2;
	}
	return length;
}

static struct model_verdict judge(const struct sample *sample)
{
	uint8_t frame[512];
	struct model_packet packet = {.hook = sample->hook, .ifindex = sample->ifindex, .asks = true};
	struct model_verdict verdict;

	packet.frame = frame;
	packet.length = hex_read(sample->hex, frame, sizeof(frame));
	model_verdict(&policy, &packet, &verdict);
	return verdict;
}

static void samples_check(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct model_verdict verdict = judge(&samples[i]);

		if (verdict.reason != samples[i].reason)
			fail_msg("%s: %s, not %s", samples[i].name, model_reason_name(verdict.reason),
				 model_reason_name(samples[i].reason));
		assert_int_equal(verdict.pass, verdict.reason >= RW_REASON_PASS_FIRST);
	}
}

static void frames_are_read_as_section_1_says(void **state)
{
	static const struct sample samples[] = {
		{"13 bytes", "020000000001 020000000002 08", RW_REASON_MALFORMED},
		{"ARP", ETH "0806 0001", RW_REASON_EXEMPT},
		{"802.3 length", ETH "0026 4242", RW_REASON_EXEMPT},
		{"a tag cut short", ETH "8100 0001 08", RW_REASON_MALFORMED},
		{"a third tag", ETH "8100 0001 88a8 0002 8100 0003 0800", RW_REASON_MALFORMED},
		{"ARP in two tags", ETH "88a8 0001 8100 0002 0806", RW_REASON_EXEMPT},
		{"version 6 under 0x0800", ETH4 IP6("0014 ", "06 ", "40") TCP("0019", SYN), RW_REASON_MALFORMED},
		{"bare: empty", "", RW_REASON_MALFORMED, MODEL_BARE},
		{"bare: version 5", "55", RW_REASON_MALFORMED, MODEL_BARE},
		{"bare: IPv4", IP4("0028", "06", PEER4) TCP("0019", SYN), RW_REASON_OPEN, MODEL_BARE},
		{"bare: IPv6", IP6("0014 ", "06 ", "40") TCP("0019", SYN), RW_REASON_OPEN, MODEL_BARE},
	};

	samples_check(samples, COUNT(samples));
}

static void ipv4_is_read_as_section_2_says(void **state)
{
	static const struct sample samples[] = {
		{"19 bytes", ETH4 "45000014 00004000 40060000 c0000201 c63364", RW_REASON_MALFORMED},
		{"IHL 4", ETH4 "44000028 00004000 40060000 c0000201 c6336401" TCP("0019", SYN), RW_REASON_MALFORMED},
		{"IHL beyond total", ETH4 "46000014 00004000 40060000 c0000201 c6336401 00000000", RW_REASON_MALFORMED},
		{"total beyond frame", ETH4 IP4("0029", "06", PEER4) TCP("0019", SYN), RW_REASON_MALFORMED},
		{"padding", ETH4 IP4("0028", "06", PEER4) TCP("0019", SYN) "000000000000", RW_REASON_OPEN},
		{"header in the padding", ETH4 IP4("0027", "06", PEER4) TCP("0019", SYN), RW_REASON_MALFORMED},
		{"options", ETH4 "4600002c 00004000 40060000 c0000201 c6336401 01010101" TCP("0019", SYN), RW_REASON_OPEN},
		{"later fragment", ETH4 "45000018 00002002 40060000 c0000201 c6336401 00000000", RW_REASON_FRAGMENT_ALLOWED},
		{"offset 1, TCP", ETH4 "45000018 00000001 40060000 c0000201 c6336401 00000000", RW_REASON_MALFORMED},
		{"offset 1, UDP", ETH4 "45000018 00000001 40110000 c0000201 c6336401 00000000", RW_REASON_FRAGMENT_ALLOWED},
		{"offset 65528 + 7", ETH4 "4500001b 00001fff 40110000 c0000201 c6336401 00000000000000", RW_REASON_FRAGMENT_ALLOWED},
		{"offset 65528 + 8", ETH4 "4500001c 00001fff 40110000 c0000201 c6336401 0000000000000000", RW_REASON_MALFORMED},
		{"first fragment of TCP", ETH4 "45000028 00002000 40060000 c0000201 c6336401" TCP("0019", SYN), RW_REASON_OPEN},
		{"tiny first fragment", ETH4 "4500001c 00002000 40060000 c0000201 c6336401 c350001900000000", RW_REASON_MALFORMED},
		{"reserved bit", ETH4 "45000028 00008000 40060000 c0000201 c6336401" TCP("0019", SYN), RW_REASON_OPEN},
	};

	samples_check(samples, COUNT(samples));
}

#define DEST(next) next "00 000000000000 "
#define DEST8 DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c") DEST("3c")

static void ipv6_is_read_as_section_3_says(void **state)
{
	static const struct sample samples[] = {
		{"39 bytes", ETH6 "60000000 00003b40 " PEER6 "20010db80000000000000000000000", RW_REASON_MALFORMED},
		{"payload beyond frame", ETH6 IP6("0015 ", "06 ", "40") TCP("0019", SYN), RW_REASON_MALFORMED},
		{"mapped source", ETH6 "60000000 00140640 00000000000000000000ffffc0000201 " HOST6 TCP("0019", SYN), RW_REASON_MALFORMED},
		{"mapped destination", ETH6 "60000000 00140640 " PEER6 "00000000000000000000ffffc0000201 " TCP("0019", SYN), RW_REASON_MALFORMED},
		{"length 0", ETH6 IP6("0000 ", "06 ", "40") TCP("0019", SYN), RW_REASON_MALFORMED},
		{"hop-by-hop", ETH6 IP6("001c ", "00 ", "40") DEST("06") TCP("0019", SYN), RW_REASON_OPEN},
		{"hop-by-hop second", ETH6 IP6("0024 ", "3c ", "40") DEST("00") DEST("06") TCP("0019", SYN), RW_REASON_MALFORMED},
		{"RH0", ETH6 IP6("001c ", "2b ", "40") "0600 0000 00000000" TCP("0019", SYN), RW_REASON_MALFORMED},
		{"routing type 4", ETH6 IP6("001c ", "2b ", "40") "0600 0400 00000000" TCP("0019", SYN), RW_REASON_OPEN},
		{"AH", ETH6 IP6("0020 ", "33 ", "40") "0601 0000 00000001 00000001" TCP("0019", SYN), RW_REASON_OPEN},
		{"mobility", ETH6 IP6("001c ", "87 ", "40") DEST("06") TCP("17b7", SYN), RW_REASON_ZONE_DENIED},
		{"atomic fragment", ETH6 IP6("001c ", "2c ", "40") "0600 0000 00000001" TCP("0050", SYN), RW_REASON_NOT_OPEN},
		{"two fragment headers", ETH6 IP6("0024 ", "2c ", "40") "2c00 0000 00000001 0600 0000 00000001" TCP("0019", SYN), RW_REASON_MALFORMED},
		{"later fragment", ETH6 IP6("000c ", "2c ", "40") "3c00 0010 00000001 00000000", RW_REASON_FRAGMENT_ALLOWED},
		{"offset 1, TCP", ETH6 IP6("000c ", "2c ", "40") "0600 0008 00000001 00000000", RW_REASON_MALFORMED},
		{"offset 65528 + 8", ETH6 IP6("0010 ", "2c ", "40") "1100 fff8 00000001 0000000000000000", RW_REASON_MALFORMED},
		{"eight headers", ETH6 IP6("0054 ", "3c ", "40") DEST8 DEST("06") TCP("0019", SYN), RW_REASON_OPEN},
		{"nine headers", ETH6 IP6("005c ", "3c ", "40") DEST8 DEST("3c") DEST("06") TCP("0019", SYN), RW_REASON_MALFORMED},
		{"header cut short", ETH6 IP6("0008 ", "3c ", "40") "0601 000000000000", RW_REASON_MALFORMED},
		{"unknown header", ETH6 IP6("0008 ", "8b ", "40") DEST("06"), RW_REASON_PROTOCOL},
		{"no next header", ETH6 IP6("0000 ", "3b ", "40"), RW_REASON_PROTOCOL},
	};

	samples_check(samples, COUNT(samples));
}

#define ND6(hops) ETH6 IP6("0008 ", "3a ", hops)

static void upper_layer_and_exemptions_follow_sections_4_and_5(void **state)
{
	static const struct sample samples[] = {
		{"data offset 4", ETH4 IP4("0028", "06", PEER4) "c3500019 00000000 00000000 4002ffff 00000000", RW_REASON_MALFORMED},
		{"data offset beyond", ETH4 IP4("0028", "06", PEER4) "c3500019 00000000 00000000 6002ffff 00000000", RW_REASON_MALFORMED},
		{"UDP length 7", ETH4 IP4("001c", "11", PEER4) "0035 9c40 0007 0000", RW_REASON_MALFORMED},
		{"UDP length beyond", ETH4 IP4("001c", "11", PEER4) "0035 9c40 0009 0000", RW_REASON_MALFORMED},
		{"first fragment of a long UDP", ETH4 "4500001c 00002000 40110000 c0000201 c6336401 0035 9c40 0bb8 0000", RW_REASON_ESTABLISHED},
		{"7 bytes of ICMP", ETH4 IP4("001b", "01", PEER4) "08000000000000", RW_REASON_MALFORMED},
		{"ICMPv6 over IPv4", ETH4 IP4("001c", "3a", PEER4) ICMP("80"), RW_REASON_PROTOCOL},
		{"ICMP over IPv6", ETH6 IP6("0008 ", "01 ", "40") ICMP("08"), RW_REASON_PROTOCOL},
		{"neighbour solicitation", ND6("ff") ICMP("87"), RW_REASON_EXEMPT},
		{"router advertisement", ND6("ff") ICMP("86"), RW_REASON_EXEMPT},
		{"the same from afar", ND6("fe") ICMP("87"), RW_REASON_MALFORMED},
		{"the same, atomic fragment", ETH6 IP6("0010 ", "2c ", "ff") "3a00 0000 00000001" ICMP("87"), RW_REASON_MALFORMED},
		{"MLD report", ND6("01") ICMP("8f"), RW_REASON_EXEMPT},
		{"MLD from afar", ND6("02") ICMP("8f"), RW_REASON_ICMP},
		{"IGMP", ETH4 IP4("001c", "02", PEER4) ICMP("16"), RW_REASON_EXEMPT},
		{"IGMP, later fragment", ETH4 "4500001c 00000003 01020000 c0000201 c6336401" ICMP("16"), RW_REASON_FRAGMENT_ALLOWED},
		{"DHCP answer", ETH4 IP4("001c", "11", PEER4) UDP("0043", "0044"), RW_REASON_EXEMPT},
		{"DHCP answer, first fragment", ETH4 "4500001c 00002000 40110000 c0000201 c6336401" UDP("0043", "0044"), RW_REASON_NO_CONNECTION},
		{"DHCP request", ETH4 IP4("001c", "11", PEER4) UDP("0044", "0043"), RW_REASON_NO_CONNECTION},
		{"DHCPv6 answer", ETH6 "60000000 00081140 fe80000000000000000000000000000a " HOST6 UDP("0223", "0222"), RW_REASON_EXEMPT},
		{"DHCPv6 answer from afar", ETH6 IP6("0008 ", "11 ", "40") UDP("0223", "0222"), RW_REASON_NO_CONNECTION},
	};

	samples_check(samples, COUNT(samples));
}

#define FROM(source) ETH4 IP4("0028", "06", source)

static void ports_zones_and_state_follow_section_8(void **state)
{
	static const struct sample samples[] = {
		{"banned address", FROM("cb007109") TCP("0019", SYN), RW_REASON_BANNED},
		{"banned prefix", FROM("c6130203") TCP("0019", SYN), RW_REASON_BANNED},
		{"null", FROM(PEER4) TCP("0019", "00 "), RW_REASON_BAD_FLAGS},
		{"only ECE and CWR", FROM(PEER4) TCP("0019", "c0 "), RW_REASON_BAD_FLAGS},
		{"SYN+FIN", FROM(PEER4) TCP("0019", "03 "), RW_REASON_BAD_FLAGS},
		{"SYN+RST+ACK", FROM(PEER4) TCP("0019", "16 "), RW_REASON_BAD_FLAGS},
		{"FIN", FROM(PEER4) TCP("0019", "01 "), RW_REASON_BAD_FLAGS},
		{"FIN+ACK", FROM(PEER4) TCP("0019", "11 "), RW_REASON_OPEN},
		{"SYN+ECE+CWR", FROM(PEER4) TCP("0019", "c2 "), RW_REASON_OPEN},
		{"vpn port, external", FROM(PEER4) TCP("17b7", SYN), RW_REASON_ZONE_DENIED},
		{"internal port, internal", FROM("0a020000") TCP("1538", SYN), RW_REASON_OPEN},
		{"internal port, longer prefix", FROM("0a010000") TCP("1538", SYN), RW_REASON_ZONE_DENIED},
		{"vpn port, longest prefix", FROM("0a010101") TCP("17b7", SYN), RW_REASON_OPEN},
		{"management", FROM("0a010101") TCP("0016", SYN), RW_REASON_OPEN},
		{"another slot's prefix", FROM("ac100001") TCP("17b7", SYN), RW_REASON_ZONE_DENIED},
		{"opening", FROM("64400001") TCP("17b7", SYN), RW_REASON_OPENING},
		{"expired opening", FROM("64400101") TCP("17b7", SYN), RW_REASON_ZONE_DENIED},
		{"opening of another port", FROM("64400001") TCP("17b8", SYN), RW_REASON_NOT_OPEN},
		{"own connection", FROM(PEER4) TCP_FROM("01bb ", "9c40", ACK), RW_REASON_ESTABLISHED},
		{"own connection, SYN+ACK", FROM(PEER4) TCP_FROM("01bb ", "9c40", "12 "), RW_REASON_ESTABLISHED},
		{"own connection, SYN", FROM(PEER4) TCP_FROM("01bb ", "9c40", SYN), RW_REASON_NOT_OPEN},
		{"nobody's connection", FROM(PEER4) TCP_FROM("01bc ", "9c40", ACK), RW_REASON_NO_CONNECTION},
		{"UDP answer", ETH4 IP4("001c", "11", PEER4) UDP("0035", "9c40"), RW_REASON_ESTABLISHED},
		{"UDP answer to another address", ETH4 IP4("001c", "11", PEER4) UDP("0036", "9c40"), RW_REASON_NO_CONNECTION},
		{"late UDP answer", ETH4 IP4("001c", "11", PEER4) UDP("007b", "9c40"), RW_REASON_NO_CONNECTION},
		{"TCP answer to another host", TO4("06", NAT4) TCP_FROM("01bb ", "9c50", ACK), RW_REASON_FORWARDED},
		{"SYN to another host", TO4("06", NAT4) TCP_FROM("01bb ", "9c50", SYN), RW_REASON_NOT_OPEN},
		{"TCP answer, address before translation", TO4("06", GUEST4) TCP_FROM("01bb ", "9c50", ACK), RW_REASON_NO_CONNECTION},
		{"begun from here, agreed", TO4("06", NAT4) TCP_FROM("9c51", "1f90", ACK), RW_REASON_FORWARDED},
		{"begun from here, half", TO4("06", NAT4) TCP_FROM("9c52", "1f90", ACK), RW_REASON_NO_CONNECTION},
		{"UDP answer to another host", TO4U(NAT4) UDP("007b", "9c53"), RW_REASON_FORWARDED},
		{"UDP answer to what may be forged", TO4U(NAT4) UDP("00a1", "9c54"), RW_REASON_NO_CONNECTION},
		{"UDP question of a stranger", TO4U(NAT4) UDP("9c55", "14e9"), RW_REASON_NO_CONNECTION},
		{"UDP, zone", ETH4 IP4("001c", "11", PEER4) UDP("0035", "00a1"), RW_REASON_ZONE_DENIED},
	};

	samples_check(samples, COUNT(samples));
}

static void icmp_and_protocols_follow_section_9(void **state)
{
	static const struct sample samples[] = {
		{"echo request", ETH4 IP4("001c", "01", PEER4) ICMP("08"), RW_REASON_ICMP_ALLOWED},
		{"unreachable", ETH4 IP4("001c", "01", PEER4) ICMP("03"), RW_REASON_ICMP_ALLOWED},
		{"redirect", ETH4 IP4("001c", "01", PEER4) ICMP("05"), RW_REASON_ICMP},
		{"packet too big", ND6("40") ICMP("02"), RW_REASON_ICMP_ALLOWED},
		{"echo request, IPv6", ND6("40") ICMP("80"), RW_REASON_ICMP_ALLOWED},
		{"node information", ND6("40") ICMP("8b"), RW_REASON_ICMP},
		{"ESP, listed", ETH4 IP4("0014", "32", PEER4), RW_REASON_PROTOCOL_LISTED},
		{"AH over IPv4", ETH4 IP4("0014", "33", PEER4), RW_REASON_PROTOCOL},
	};

	samples_check(samples, COUNT(samples));
	policy.echo_rate = 0;
	assert_int_equal(judge(&samples[0]).reason, RW_REASON_ICMP_RATE);
	assert_int_equal(judge(&samples[4]).reason, RW_REASON_ICMP_RATE);
}

#define TAGGED(tags) ETH tags "0800" IP4("0028", "06", PEER4) TCP("17b7", SYN)

static void zone_is_that_of_the_slot_a_packet_arrives_on(void **state)
{
	static const struct sample samples[] = {
		{"untagged: slot 1", TAGGED(""), RW_REASON_ZONE_DENIED, MODEL_ETHERNET, 101},
		{"priority tag: slot 1", TAGGED("8100 e000"), RW_REASON_ZONE_DENIED, MODEL_ETHERNET, 101},
		{"untagged: slot 3", TAGGED(""), RW_REASON_OPEN, MODEL_ETHERNET, 103},
		{"untagged: unlisted", TAGGED(""), RW_REASON_ZONE_DENIED, MODEL_ETHERNET, 104},
		{"VLAN 7: vpn", TAGGED("8100 e007"), RW_REASON_OPEN, MODEL_ETHERNET, 101},
		{"VLAN 8: nobody's", TAGGED("8100 0008"), RW_REASON_ZONE_DENIED, MODEL_ETHERNET, 101},
		{"5 in 6: vpn", TAGGED("88a8 0005 8100 0006"), RW_REASON_OPEN, MODEL_ETHERNET, 101},
		{"6 in 5: nobody's", TAGGED("88a8 0006 8100 0005"), RW_REASON_ZONE_DENIED, MODEL_ETHERNET, 101},
		{"cgroup: slot 3", IP4("0028", "06", PEER4) TCP("17b7", SYN), RW_REASON_OPEN, MODEL_CGROUP, 103},
		{"cgroup: unlisted", IP4("0028", "06", PEER4) TCP("17b7", SYN), RW_REASON_ZONE_DENIED, MODEL_CGROUP, 104},
	};

	samples_check(samples, COUNT(samples));
}

static void cgroup_hook_leaves_loopback_alone_and_judges_covered_interfaces_again(void **state)
{
	const struct sample loopback = {"", "55", RW_REASON_NONE, MODEL_CGROUP, 1};
	const struct sample covered = {"", "55", RW_REASON_NONE, MODEL_CGROUP, 102};
	const struct sample open = {"", IP4("0028", "06", PEER4) TCP("0019", SYN), RW_REASON_NONE, MODEL_CGROUP, 102};
	const struct sample other = {"", "55", RW_REASON_NONE, MODEL_CGROUP, 101};

	assert_true(judge(&loopback).pass && !judge(&loopback).counted);
	assert_true(!judge(&covered).pass && judge(&covered).counted);
	assert_true(judge(&open).pass && !judge(&open).counted);
	assert_true(!judge(&other).pass && judge(&other).counted);
}

static void oversized_packet_is_judged_on_the_cgroup_hook_only(void **state)
{
	static uint8_t frame[70000];
	struct model_packet packet = {.ifindex = 101, .frame = frame};
	struct model_verdict verdict;

	packet.length = hex_read(IP4("0000", "06", PEER4) TCP("0019", ACK), frame, sizeof(frame));
	packet.length = sizeof(frame);
	packet.hook = MODEL_CGROUP;
	model_verdict(&policy, &packet, &verdict);
	assert_int_equal(verdict.reason, RW_REASON_OPEN);
	packet.hook = MODEL_BARE;
	model_verdict(&policy, &packet, &verdict);
	assert_int_equal(verdict.reason, RW_REASON_MALFORMED);
	packet.hook = MODEL_CGROUP;
	packet.length = 65535;
	model_verdict(&policy, &packet, &verdict);
	assert_int_equal(verdict.reason, RW_REASON_MALFORMED);
}

static void flags_of_the_policy_change_the_verdict(void **state)
{
	const struct sample closed = {"", FROM(PEER4) TCP("0050", SYN), RW_REASON_NONE};
	const struct sample ipv6 = {"", ETH6 "00", RW_REASON_NONE};
	const struct sample later = {"", ETH4 "45000018 00002002 40060000 c0000201 c6336401 00000000", RW_REASON_NONE};

	policy.flags = 0;
	assert_int_equal(judge(&closed).reason, RW_REASON_NOT_OPEN);
	assert_true(judge(&closed).pass);
	policy.flags = RW_POLICY_ENFORCE | RW_POLICY_IPV6_DROP | RW_POLICY_FRAGMENTS_DROP;
	assert_int_equal(judge(&ipv6).reason, RW_REASON_IPV6_OFF);
	assert_int_equal(judge(&later).reason, RW_REASON_FRAGMENT);
	policy.in_force = false;
	policy.flags = 0;
	assert_int_equal(judge(&closed).reason, RW_REASON_NO_POLICY);
	assert_false(judge(&closed).pass);
}

static void what_a_slot_does_not_accept_is_judged_like_any_other(void **state)
{
	static const struct sample samples[] = {
		{"DHCP answer", ETH4 IP4("001c", "11", PEER4) UDP("0043", "0044"), RW_REASON_NO_CONNECTION},
		{"router advertisement", ND6("ff") ICMP("86"), RW_REASON_ICMP},
		{"neighbour solicitation", ND6("ff") ICMP("87"), RW_REASON_EXEMPT},
	};

	policy.slots[1].accepts = 0;
	samples_check(samples, COUNT(samples));
}

static void attempt_names_source_port_protocol_and_rule(void **state)
{
	const struct sample denied = {"", FROM(PEER4) TCP("17b7", SYN), RW_REASON_NONE};
	const struct sample malformed = {"", FROM(PEER4) "c3500019", RW_REASON_NONE};
	static const uint8_t peer[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	struct model_verdict verdict = judge(&denied);

	assert_memory_equal(verdict.source, peer, 16);
	assert_int_equal(verdict.port, 6071);
	assert_int_equal(verdict.l4, 6);
	assert_int_equal(verdict.rule, 9);
	assert_int_equal(verdict.zone, RW_ZONE_EXTERNAL);
	verdict = judge(&malformed);
	assert_memory_equal(verdict.source, peer, 16);
	assert_int_equal(verdict.port, 0);
	assert_int_equal(verdict.rule, RW_RULE_NONE);
}

static void absent_tables_are_not_asked(void **state)
{
	const struct sample banned = {"", FROM("cb007109") TCP("0019", SYN), RW_REASON_NONE};
	const struct sample opened = {"", FROM("64400001") TCP("17b7", SYN), RW_REASON_NONE};

	policy.presence = (struct rw_presence){0};
	assert_int_equal(judge(&banned).reason, RW_REASON_OPEN);
	assert_int_equal(judge(&opened).reason, RW_REASON_ZONE_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_are_read_as_section_1_says, policy_reset),
		cmocka_unit_test_setup(ipv4_is_read_as_section_2_says, policy_reset),
		cmocka_unit_test_setup(ipv6_is_read_as_section_3_says, policy_reset),
		cmocka_unit_test_setup(upper_layer_and_exemptions_follow_sections_4_and_5, policy_reset),
		cmocka_unit_test_setup(ports_zones_and_state_follow_section_8, policy_reset),
		cmocka_unit_test_setup(icmp_and_protocols_follow_section_9, policy_reset),
		cmocka_unit_test_setup(zone_is_that_of_the_slot_a_packet_arrives_on, policy_reset),
		cmocka_unit_test_setup(cgroup_hook_leaves_loopback_alone_and_judges_covered_interfaces_again, policy_reset),
		cmocka_unit_test_setup(oversized_packet_is_judged_on_the_cgroup_hook_only, policy_reset),
		cmocka_unit_test_setup(flags_of_the_policy_change_the_verdict, policy_reset),
		cmocka_unit_test_setup(what_a_slot_does_not_accept_is_judged_like_any_other, policy_reset),
		cmocka_unit_test_setup(attempt_names_source_port_protocol_and_rule, policy_reset),
		cmocka_unit_test_setup(absent_tables_are_not_asked, policy_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

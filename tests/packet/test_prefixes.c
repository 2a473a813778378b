/* SPDX-License-Identifier: GPL-2.0 */
/* Which zone a source is in: by the interface, unless a prefix of that very interface says else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "vectors.h"

#define MILTER	 "1b 72" /* 7026, from internal only */
#define PORT4_AT 36
#define PORT6_AT 56

#define MANAGED(management, interfaces)                                                            \
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","    \
	"  \"roles\": [\"mta\"], \"mode\": \"enforce\","                                           \
	"  \"management\": [" management "], \"interfaces\": { " interfaces " } }"
#define NODE(interfaces) MANAGED("", interfaces)
#define INT0_VPN0	 "\"int0\": { \"zone\": \"internal\" }, \"vpn0\": { \"zone\": \"vpn\" }"

static struct frame *frame_from(const char *source, uint16_t port)
{
	bool ipv6 = strchr(source, ':');
	struct frame *frame =
		frame_from_source(source, ETH4 IP4("00 28", "00 00", "06") TCP("00 00", SYN),
				  ETH6 IP6("00 14", "06", "40") TCP("00 00", SYN));

	frame->bytes[ipv6 ? PORT6_AT : PORT4_AT] = port >> 8;
	frame->bytes[(ipv6 ? PORT6_AT : PORT4_AT) + 1] = port;
	return frame;
}

static void expect_port(struct harness *harness, const struct arrival *arrival, const char *source,
			uint16_t port, bool open)
{
	_free_ struct frame *frame = frame_from(source, port);

	harness_expect(harness, 1u << ENTRY_FRAGS | 1u << ENTRY_INGRESS, arrival, frame,
		       open ? "pass open" : "drop zone-denied");
}

/* Zones tell themselves apart at ssh (internal, vpn) and milter (internal). */
static void expect_zone(struct harness *harness, const struct arrival *arrival, const char *source,
			const char *zone)
{
	expect_port(harness, arrival, source, 22, strcmp(zone, "external") != 0);
	expect_port(harness, arrival, source, 7026, strcmp(zone, "internal") == 0);
	expect_port(harness, arrival, source, 25, true);
}

static void without_prefixes_the_interface_decides(void **state)
{
	harness_apply(*state, NODE("\"ext0\": { \"zone\": \"external\" }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "10.0.0.1", "external");
	expect_zone(*state, &on_int0, "10.0.0.1", "internal");
	expect_zone(*state, &on_vpn0, "10.0.0.1", "vpn");
	expect_zone(*state, &on_ext0, "2001:db8::77", "external");
	expect_zone(*state, &on_int0, "2001:db8::77", "internal");
	expect_zone(*state, &on_vpn0, "2001:db8::77", "vpn");
}

static void a_prefix_holds_on_its_own_interface_only(void **state)
{
	harness_apply(*state, NODE("\"ext0\": { \"zone\": \"external\", \"sources\": {"
				   "  \"internal\": [\"172.16.0.0/24\", \"2001:db8:1::/48\"] } }, "
				   "\"int0\": { \"zone\": \"internal\" },"
				   "\"vpn0\": { \"zone\": \"vpn\", \"sources\": {"
				   "  \"external\": [\"172.16.9.0/24\"] } }"));
	expect_zone(*state, &on_ext0, "172.16.0.9", "internal");
	expect_zone(*state, &on_vpn0, "172.16.0.9", "vpn");
	expect_zone(*state, &on_ext0, "2001:db8:1::9", "internal");
	expect_zone(*state, &on_vpn0, "2001:db8:1::9", "vpn");
	expect_zone(*state, &on_vpn0, "172.16.9.9", "external");
	expect_zone(*state, &on_int0, "172.16.9.9", "internal");
}

static void the_edges_of_a_prefix_are_exact(void **state)
{
	harness_apply(
		*state,
		NODE("\"ext0\": { \"zone\": \"external\", \"sources\": {"
		     "  \"internal\": [\"172.16.0.0/12\", \"2001:db8:8::/45\"] } }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "172.15.255.255", "external");
	expect_zone(*state, &on_ext0, "172.16.0.0", "internal");
	expect_zone(*state, &on_ext0, "172.31.255.255", "internal");
	expect_zone(*state, &on_ext0, "172.32.0.0", "external");
	expect_zone(*state, &on_ext0, "2001:db8:7:ffff:ffff:ffff:ffff:ffff", "external");
	expect_zone(*state, &on_ext0, "2001:db8:8::", "internal");
	expect_zone(*state, &on_ext0, "2001:db8:f:ffff:ffff:ffff:ffff:ffff", "internal");
	expect_zone(*state, &on_ext0, "2001:db8:10::", "external");
}

static void the_longest_of_overlapping_prefixes_wins(void **state)
{
	harness_apply(
		*state,
		NODE("\"ext0\": { \"zone\": \"external\", \"sources\": {"
		     "  \"internal\": [\"10.0.0.0/8\", \"10.1.1.0/24\", \"2001:db8::/32\","
		     "                 \"2001:db8:1:1::/64\"],"
		     "  \"vpn\": [\"10.1.0.0/16\", \"2001:db8:1::/48\"],"
		     "  \"external\": [\"10.1.1.1/32\", \"2001:db8:1:1::1/128\"] } }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "10.2.0.1", "internal");
	expect_zone(*state, &on_ext0, "10.1.2.1", "vpn");
	expect_zone(*state, &on_ext0, "10.1.1.2", "internal");
	expect_zone(*state, &on_ext0, "10.1.1.1", "external");
	expect_zone(*state, &on_ext0, "2001:db8:2::1", "internal");
	expect_zone(*state, &on_ext0, "2001:db8:1:2::1", "vpn");
	expect_zone(*state, &on_ext0, "2001:db8:1:1::2", "internal");
	expect_zone(*state, &on_ext0, "2001:db8:1:1::1", "external");
}

static void a_single_address_is_a_prefix(void **state)
{
	harness_apply(*state,
		      NODE("\"ext0\": { \"zone\": \"external\", \"sources\": {"
			   "  \"vpn\": [\"192.0.2.9/32\", \"2001:db8::9/128\"] } }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "192.0.2.9", "vpn");
	expect_zone(*state, &on_ext0, "192.0.2.8", "external");
	expect_zone(*state, &on_ext0, "2001:db8::9", "vpn");
	expect_zone(*state, &on_ext0, "2001:db8::8", "external");
}

static void all_of_ipv4_is_nothing_of_ipv6(void **state)
{
	harness_apply(*state, NODE("\"ext0\": { \"zone\": \"external\", \"sources\": {"
				   "  \"internal\": [\"0.0.0.0/0\"] } }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "1.2.3.4", "internal");
	expect_zone(*state, &on_ext0, "255.255.255.255", "internal");
	expect_zone(*state, &on_ext0, "2001:db8::9", "external");
	expect_zone(*state, &on_ext0, "::1:2:3:4", "external");
}

static void all_of_ipv6_is_nothing_of_ipv4(void **state)
{
	harness_apply(*state, NODE("\"ext0\": { \"zone\": \"external\", \"sources\": {"
				   "  \"internal\": [\"::/0\"] } }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "2001:db8::9", "internal");
	expect_zone(*state, &on_ext0, "::9", "internal");
	expect_zone(*state, &on_ext0, "192.0.2.9", "external");
}

static void a_prefix_can_take_a_zone_away(void **state)
{
	harness_apply(*state, NODE("\"ext0\": { \"zone\": \"external\" },"
				   "\"int0\": { \"zone\": \"internal\", \"sources\": {"
				   "  \"external\": [\"10.66.0.0/16\"] } },"
				   "\"vpn0\": { \"zone\": \"vpn\" }"));
	expect_zone(*state, &on_int0, "10.66.0.1", "external");
	expect_zone(*state, &on_int0, "10.67.0.1", "internal");
}

static void management_reaches_ssh_from_every_interface_and_nothing_else(void **state)
{
	const struct arrival unlisted = {HARNESS_EXT0 + 1, 0};

	harness_apply(*state, MANAGED("\"203.0.113.64/28\", \"2001:db8:99::/64\"",
				      "\"ext0\": { \"zone\": \"external\" }, " INT0_VPN0));
	expect_port(*state, &on_ext0, "203.0.113.64", 22, true);
	expect_port(*state, &on_ext0, "203.0.113.79", 22, true);
	expect_port(*state, &on_ext0, "203.0.113.80", 22, false);
	expect_port(*state, &on_ext0, "203.0.113.64", 7026, false);
	expect_port(*state, &on_ext0, "2001:db8:99::1", 22, true);
	expect_port(*state, &on_ext0, "2001:db8:99::1", 7026, false);
	expect_port(*state, &unlisted, "203.0.113.64", 22, true);
	expect_port(*state, &unlisted, "203.0.113.80", 22, false);
	expect_zone(*state, &on_int0, "203.0.113.64", "internal");
	expect_zone(*state, &on_vpn0, "203.0.113.64", "vpn");
}

/* The more exact prefix takes the zone from the wider one, whichever of them is management's. */
static void management_and_zone_prefixes_add_up_where_they_overlap(void **state)
{
	harness_apply(*state, MANAGED("\"203.0.113.64/28\", \"198.18.0.0/15\"",
				      "\"ext0\": { \"zone\": \"external\", \"sources\": {"
				      "  \"internal\": [\"203.0.113.0/24\", \"198.18.1.0/24\"],"
				      "  \"external\": [\"198.18.1.9\"] } }, " INT0_VPN0));
	expect_zone(*state, &on_ext0, "203.0.113.1", "internal");
	expect_zone(*state, &on_ext0, "203.0.113.65", "internal");
	expect_port(*state, &on_ext0, "198.18.2.1", 22, true);
	expect_port(*state, &on_ext0, "198.18.2.1", 7026, false);
	expect_zone(*state, &on_ext0, "198.18.1.1", "internal");
	expect_port(*state, &on_ext0, "198.18.1.9", 22, true);
	expect_port(*state, &on_ext0, "198.18.1.9", 7026, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_prefixes_the_interface_decides),
		cmocka_unit_test(a_prefix_holds_on_its_own_interface_only),
		cmocka_unit_test(the_edges_of_a_prefix_are_exact),
		cmocka_unit_test(the_longest_of_overlapping_prefixes_wins),
		cmocka_unit_test(a_single_address_is_a_prefix),
		cmocka_unit_test(all_of_ipv4_is_nothing_of_ipv6),
		cmocka_unit_test(all_of_ipv6_is_nothing_of_ipv4),
		cmocka_unit_test(a_prefix_can_take_a_zone_away),
		cmocka_unit_test(management_reaches_ssh_from_every_interface_and_nothing_else),
		cmocka_unit_test(management_and_zone_prefixes_add_up_where_they_overlap),
	};

	return cmocka_run_group_tests_name("prefixes", tests, harness_setup, harness_teardown);
}

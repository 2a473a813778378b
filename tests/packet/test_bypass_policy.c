/* SPDX-License-Identifier: GPL-2.0 */
/* What the policy and the interface have to say: switches, VLANs, hooks, whole addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "util/clock.h"
#include "util/cleanup.h"
#include "vectors.h"

#define NODE(rest)                                                                                 \
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","    \
	"  \"roles\": [\"mta\"], " rest " }"
#define EXT0	  "\"interfaces\": { \"ext0\": { \"zone\": \"external\" } }"
#define ENFORCING "\"mode\": \"enforce\", " EXT0

#define SYN_SMTP     ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN)
#define SYN_SSH	     ETH4 IP4("00 28", "00 00", "06") TCP(SSH, SYN)
#define SYN6_SSH     ETH6 IP6("00 14", "06", "40") TCP(SSH, SYN)
#define ESP	     ETH4 IP4("00 1c", "00 00", "32") "00 00 00 01 00 00 00 01 "
#define ECHO4	     ETH4 IP4("00 1c", "00 00", "01") "08 00 00 00 00 00 00 00 "
#define ECHO6	     ETH6 IP6("00 08", "3a", "40") "80 00 00 00 00 00 00 00 "
#define TAGGED(tags) MACS tags "08 00 " IP4("00 28", "00 00", "06") TCP(SSH, SYN)

static void without_a_policy_everything_is_dropped(void **state)
{
	expect_hex(*state, FOR_ALL, &on_ext0, SYN_SMTP, "drop no-policy");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, MACS "08 06 00 01", "drop no-policy");
}

static void observing_counts_the_reason_and_passes(void **state)
{
	harness_apply(*state, NODE(EXT0));
	expect_hex(*state, FOR_ALL, &on_ext0, SYN_SSH, "pass zone-denied");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, "00"),
		   "pass bad-flags");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 14", "00 00", "06"), "pass malformed");
}

static void ipv6_drop_drops_all_ipv6_whatever_follows(void **state)
{
	harness_apply(*state, NODE(ENFORCING ", \"ipv6\": \"drop\""));
	expect_hex(*state, FOR_ALL, &on_ext0, ETH6 IP6("00 14", "06", "40") TCP(SMTP, SYN),
		   "drop ipv6-off");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH6 IP6("00 08", "3a", "ff") "87 00 00 00 00 00 00 00", "drop ipv6-off");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH6 IP6("ff ff", "06", "40"), "drop ipv6-off");
	expect_hex(*state, FOR_ALL, &on_ext0, SYN_SMTP, "pass open");
}

static void fragments_drop_drops_later_fragments_only(void **state)
{
	harness_apply(*state, NODE(ENFORCING ", \"fragments\": \"drop\""));
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 08", "06") TCP(SMTP, SYN),
		   "drop fragment");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "20 00", "06") TCP(SMTP, SYN),
		   "pass open");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH6 IP6("00 1c", "2c", "40") "06 00 00 41 00 00 00 01 " TCP(SMTP, SYN),
		   "drop fragment");
}

static void a_listed_protocol_passes_and_no_other(void **state)
{
	harness_apply(*state, NODE(ENFORCING ", \"protocols\": [\"esp\"]"));
	expect_hex(*state, FOR_ALL, &on_ext0, ESP, "pass protocol-listed");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH6 IP6("00 08", "32", "40") "00 00 00 01 00 00 00 01 ",
		   "pass protocol-listed");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "33") "06 01 00 00 00 00 00 01 ", "drop protocol");
}

static void echo_rate_0_drops_every_echo_request(void **state)
{
	harness_apply(*state, NODE(ENFORCING ", \"echo_rate\": 0"));
	expect_hex(*state, FOR_ALL, &on_ext0, ECHO4, "drop icmp-rate");
	expect_hex(*state, FOR_ALL, &on_ext0, ECHO6, "drop icmp-rate");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "01") "00 00 00 00 00 00 00 00 ",
		   "pass icmp-allowed");
}

/* A second's worth at once, then one every tenth of a second. */
static void echo_requests_above_the_rate_are_dropped(void **state)
{
	_free_ struct frame *ipv4 = frame_from_hex(ECHO4), *ipv6 = frame_from_hex(ECHO6);
	struct counts before, after;
	uint64_t passed, full[64] = {0};
	uint32_t zero = 0;
	int64_t began;

	harness_apply(*state, NODE(ENFORCING ", \"echo_rate\": 10"));
	harness_put(*state, MAP_ECHO_BUCKET, &zero, full);
	counts_read(*state, &before);
	began = clock_now(CLOCK_BOOTTIME);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, ipv4, 500);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, ipv6, 500);
	counts_read(*state, &after);
	passed = after.reasons[RW_REASON_ICMP_ALLOWED] - before.reasons[RW_REASON_ICMP_ALLOWED];
	assert_in_range(passed, 10, 11 + (clock_now(CLOCK_BOOTTIME) - began) * 10 / NS_PER_SECOND);
	assert_int_equal(after.reasons[RW_REASON_ICMP_RATE] - before.reasons[RW_REASON_ICMP_RATE],
			 1000 - passed);
}

/* `spent`: RW_ZONE_*, whose bucket will not have a token for an hour. */
static void buckets_put(struct harness *harness, uint8_t spent)
{
	uint64_t later[64], full[64] = {0};

	for (size_t i = 0; i < 64; i++)
		later[i] = (uint64_t)clock_now(CLOCK_BOOTTIME) + 3600 * 1000000000ULL;
	for (uint32_t zone = 0; zone < 3; zone++)
		harness_put(harness, MAP_ECHO_BUCKET, &zone, spent == 1 << zone ? later : full);
}

static void one_zone_spends_no_echo_tokens_of_another(void **state)
{
	harness_apply(*state, NODE("\"mode\": \"enforce\", \"echo_rate\": 1000, \"interfaces\": {"
				   "  \"ext0\": { \"zone\": \"external\", \"sources\": {"
				   "    \"internal\": [\"2001:db8::9\"] } },"
				   "  \"int0\": { \"zone\": \"internal\" },"
				   "  \"vpn0\": { \"zone\": \"vpn\" } }"));
	buckets_put(*state, RW_ZONE_EXTERNAL);
	expect_hex(*state, FOR_WIRE, &on_ext0, ECHO4, "drop icmp-rate");
	expect_hex(*state, FOR_WIRE, &on_int0, ECHO4, "pass icmp-allowed");
	expect_hex(*state, FOR_WIRE, &on_vpn0, ECHO4, "pass icmp-allowed");
	/* It is the source's zone that counts, not the interface's. */
	expect_hex(*state, FOR_WIRE, &on_ext0, ECHO6, "pass icmp-allowed");
	buckets_put(*state, RW_ZONE_INTERNAL);
	expect_hex(*state, FOR_WIRE, &on_ext0, ECHO4, "pass icmp-allowed");
	expect_hex(*state, FOR_WIRE, &on_ext0, ECHO6, "drop icmp-rate");
	expect_hex(*state, FOR_WIRE, &on_int0, ECHO4, "drop icmp-rate");
	buckets_put(*state, RW_ZONE_VPN);
	expect_hex(*state, FOR_WIRE, &on_vpn0, ECHO6, "drop icmp-rate");
	expect_hex(*state, FOR_WIRE, &on_int0, ECHO6, "pass icmp-allowed");
}

#define ACCEPTS(which)                                                                             \
	NODE("\"mode\": \"enforce\", \"interfaces\": {"                                            \
	     "  \"ext0\": { \"zone\": \"external\", " which " } }")
#define ADVERTISEMENT ETH6 IP6("00 08", "3a", "ff") "86 00 00 00 00 00 00 00 "
#define SOLICITATION  ETH6 IP6("00 08", "3a", "ff") "87 00 00 00 00 00 00 00 "
#define DHCP_OFFER    ETH4 IP4("00 1c", "00 00", "11") UDP("00 43", "00 44", "00 08")
#define DHCPV6_REPLY                                                                               \
	ETH6 "60 00 00 00 00 08 11 40 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 09 " NODE6 UDP( \
		"02 23", "02 22", "00 08")

static void what_configures_the_node_passes_where_it_is_accepted(void **state)
{
	harness_apply(*state, ACCEPTS("\"ra\": true, \"dhcp\": false"));
	expect_hex(*state, FOR_ALL, &on_ext0, ADVERTISEMENT, "pass exempt");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCP_OFFER, "drop no-connection");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCPV6_REPLY, "drop no-connection");
	harness_apply(*state, ACCEPTS("\"ra\": false, \"dhcp\": true"));
	expect_hex(*state, FOR_ALL, &on_ext0, ADVERTISEMENT, "drop icmp");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCP_OFFER, "pass exempt");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCPV6_REPLY, "pass exempt");
	expect_hex(*state, FOR_ALL, &on_ext0, SOLICITATION, "pass exempt");
	/* These devices have no address yet, and the kernel takes advertisements. */
	harness_apply(*state, ACCEPTS("\"ra\": \"auto\""));
	expect_hex(*state, FOR_ALL, &on_ext0, ADVERTISEMENT, "pass exempt");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCP_OFFER, "pass exempt");
}

static void a_ban_comes_before_what_configures_the_node(void **state)
{
	struct rw_presence presence = {.ban_prefixes = 1}, none = {0};
	struct rw_prefix_key key = {.prefixlen = 0};
	struct rw_ban ban = {.length = 0};
	uint32_t zero = 0;

	harness_apply(*state, ACCEPTS("\"ra\": true, \"dhcp\": true"));
	harness_put(*state, MAP_BAN_PREFIXES, &key, &ban);
	harness_put(*state, MAP_PRESENCE, &zero, &presence);
	expect_hex(*state, FOR_ALL, &on_ext0, ADVERTISEMENT, "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCP_OFFER, "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, DHCPV6_REPLY, "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, SOLICITATION, "pass exempt");
	harness_put(*state, MAP_PRESENCE, &zero, &none);
	assert_int_equal(
		bpf_map_delete_elem(((struct harness *)*state)->maps.fd[MAP_BAN_PREFIXES], &key),
		0);
}

static void an_empty_list_of_sources_lets_nobody_in(void **state)
{
	harness_apply(*state, NODE("\"mode\": \"enforce\", \"management\": [],"
				   "\"interfaces\": { \"ext0\": { \"zone\": \"external\","
				   "  \"sources\": { \"internal\": [], \"vpn\": [] } } }"));
	expect_hex(*state, FOR_ALL, &on_ext0, SYN_SSH, "drop zone-denied");
	expect_hex(*state, FOR_ALL, &on_ext0, SYN6_SSH, "drop zone-denied");
}

static void an_empty_list_of_roles_opens_no_mail_port(void **state)
{
	harness_apply(*state,
		      "{ \"version\": 1, \"node\": \"test.example.com\","
		      "  \"profile\": \"carbonio-ce-23.10\", \"roles\": [], " ENFORCING " }");
	expect_hex(*state, FOR_ALL, &on_ext0, SYN_SMTP, "drop not-open");
}

static void all_16_bytes_of_an_address_count(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN6_SSH);
	size_t i;

	harness_apply(*state, NODE(ENFORCING ", \"management\": [\"2001:db8::9\"]"));
	harness_expect(*state, FOR_ALL, &on_ext0, frame, "pass open");
	for (i = 0; i < 16; i++) {
		frame->bytes[SOURCE6_AT + i] ^= 1;
		harness_expect(*state, FOR_ALL, &on_ext0, frame, "drop zone-denied");
		frame->bytes[SOURCE6_AT + i] ^= 1;
	}
}

static void an_interface_that_nobody_listed_is_external(void **state)
{
	const struct arrival unlisted = {HARNESS_EXT0 + 1, 0};

	harness_apply(*state, NODE(ENFORCING));
	expect_hex(*state, FOR_ALL, &unlisted, SYN_SSH, "drop zone-denied");
	expect_hex(*state, FOR_ALL, &unlisted, SYN_SMTP, "pass open");
}

static void the_cgroup_hook_leaves_loopback_alone(void **state)
{
	const struct arrival loopback = {1, 0};

	harness_apply(*state, NODE(ENFORCING));
	expect_hex(*state, FOR_CGROUP, &loopback, SYN_SSH, "pass uncounted");
	expect_hex(*state, FOR_CGROUP, &on_ext0, SYN_SSH, "drop zone-denied");
}

static void cover(struct harness *harness, bool covered)
{
	struct rw_interface_key key = {.ifindex = HARNESS_EXT0};
	struct rw_interface value = {.slot = 1, .covered = covered};

	harness_put(harness, MAP_INTERFACES, &key, &value);
}

static void behind_xdp_the_cgroup_hook_counts_only_what_it_drops(void **state)
{
	harness_apply(*state, NODE(ENFORCING ", \"echo_rate\": 0"));
	cover(*state, true);
	expect_hex(*state, FOR_CGROUP, &on_ext0, SYN_SMTP, "pass uncounted");
	expect_hex(*state, FOR_CGROUP, &on_ext0, SYN_SSH, "drop zone-denied");
	expect_hex(*state, FOR_CGROUP, &on_ext0, ECHO4, "pass uncounted"); /* XDP took the token */
	expect_hex(*state, FOR_CGROUP, &on_ext0, ECHO6, "pass uncounted");
	expect_hex(*state, FOR_WIRE, &on_ext0, SYN_SMTP, "pass open");
	harness_apply(*state, NODE(EXT0));
	cover(*state, true);
	expect_hex(*state, FOR_CGROUP, &on_ext0, SYN_SSH, "pass uncounted");
	cover(*state, false);
	expect_hex(*state, FOR_CGROUP, &on_ext0, SYN_SSH, "pass zone-denied");
}

/* ext0 carries VLAN 7, and VLAN 9 inside VLAN 7, with the slot (and so the zone) of vpn0. */
static void a_vlan_has_its_own_zone(void **state)
{
	struct rw_interface_key key = {.ifindex = HARNESS_EXT0, .vlan = 7};
	struct rw_interface value = {.slot = 3};

	harness_need_device(*state);
	harness_apply(*state, vectors_node);
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 07 "), "drop zone-denied");
	harness_put(*state, MAP_INTERFACES, &key, &value);
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 07 "), "pass open");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 e0 07 "), "pass open");
	/* A priority tag before or behind it hides nothing. */
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 e0 00 81 00 00 07 "), "pass open");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 07 81 00 e0 00 "), "pass open");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 e0 00 81 00 00 08 "),
		   "drop zone-denied");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 08 "), "drop zone-denied");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 07 81 00 00 09 "),
		   "drop zone-denied");
	key.vlan = 7 | 9 << 12;
	harness_put(*state, MAP_INTERFACES, &key, &value);
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 07 81 00 00 09 "), "pass open");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 00 09 81 00 00 07 "),
		   "drop zone-denied");
	expect_hex(*state, FOR_ALL, &on_ext0, SYN_SSH, "drop zone-denied");
}

/* Left over from an older policy, say. */
static void a_slot_that_no_interface_has_is_external(void **state)
{
	struct rw_interface_key key = {.ifindex = HARNESS_INT0, .vlan = 11};
	struct rw_interface value = {.slot = RW_SLOTS - 1};

	harness_apply(*state, vectors_node);
	harness_put(*state, MAP_INTERFACES, &key, &value);
	expect_hex(*state, FOR_ETHERNET, &on_int0, TAGGED("81 00 00 0b "), "drop zone-denied");
}

static void an_unlisted_vlan_of_an_internal_interface_is_external(void **state)
{
	harness_apply(*state, vectors_node);
	expect_hex(*state, FOR_ALL, &on_int0, SYN_SSH, "pass open");
	expect_hex(*state, FOR_ETHERNET, &on_int0, TAGGED("81 00 00 05 "), "drop zone-denied");
}

static void a_priority_tag_is_no_vlan(void **state)
{
	harness_apply(*state, vectors_node);
	expect_hex(*state, FOR_ETHERNET, &on_int0, TAGGED("81 00 e0 00 "), "pass open");
	expect_hex(*state, FOR_ETHERNET, &on_ext0, TAGGED("81 00 e0 00 "), "drop zone-denied");
}

#define SENT6 ETH6 "60 00 00 00 00 08 11 40 " NODE6 PEER6 UDP("14 e9", "00 35", "00 08")

/* Nobody waits for an answer that no hook lets in. */
static void with_ipv6_dropped_the_node_sends_none(void **state)
{
	static const struct {
		const char *node;
		bool sent;
	} modes[] = {{NODE(ENFORCING ", \"ipv6\": \"drop\""), false},
		     {NODE(EXT0 ", \"ipv6\": \"drop\""), true},
		     {NODE(ENFORCING), true}};
	_free_ struct frame *udp4 =
		frame_from_hex(ETH4 IP4("00 1c", "00 00", "11") UDP("14 e9", "00 35", "00 08"));
	_free_ struct frame *udp6 = frame_from_hex(SENT6);
	_free_ struct frame *broken6 = frame_from_hex(ETH6 IP6("ff ff", "11", "40"));

	harness_need_cgroup(*state);
	for (size_t i = 0; i < 3; i++) {
		harness_apply(*state, modes[i].node);
		assert_true(harness_sends(*state, HARNESS_EXT0, udp4));
		assert_int_equal(harness_sends(*state, HARNESS_EXT0, udp6), modes[i].sent);
		assert_int_equal(harness_sends(*state, HARNESS_EXT0, broken6), modes[i].sent);
		assert_true(harness_sends(*state, 1, udp6)); /* by loopback */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_policy_everything_is_dropped), /* the first one */
		cmocka_unit_test(observing_counts_the_reason_and_passes),
		cmocka_unit_test(ipv6_drop_drops_all_ipv6_whatever_follows),
		cmocka_unit_test(with_ipv6_dropped_the_node_sends_none),
		cmocka_unit_test(fragments_drop_drops_later_fragments_only),
		cmocka_unit_test(a_listed_protocol_passes_and_no_other),
		cmocka_unit_test(echo_rate_0_drops_every_echo_request),
		cmocka_unit_test(echo_requests_above_the_rate_are_dropped),
		cmocka_unit_test(one_zone_spends_no_echo_tokens_of_another),
		cmocka_unit_test(what_configures_the_node_passes_where_it_is_accepted),
		cmocka_unit_test(a_ban_comes_before_what_configures_the_node),
		cmocka_unit_test(an_empty_list_of_sources_lets_nobody_in),
		cmocka_unit_test(an_empty_list_of_roles_opens_no_mail_port),
		cmocka_unit_test(all_16_bytes_of_an_address_count),
		cmocka_unit_test(an_interface_that_nobody_listed_is_external),
		cmocka_unit_test(the_cgroup_hook_leaves_loopback_alone),
		cmocka_unit_test(behind_xdp_the_cgroup_hook_counts_only_what_it_drops),
		cmocka_unit_test(a_vlan_has_its_own_zone),
		cmocka_unit_test(a_slot_that_no_interface_has_is_external),
		cmocka_unit_test(an_unlisted_vlan_of_an_internal_interface_is_external),
		cmocka_unit_test(a_priority_tag_is_no_vlan),
	};

	return cmocka_run_group_tests_name("bypass_policy", tests, harness_setup, harness_teardown);
}

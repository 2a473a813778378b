/* SPDX-License-Identifier: GPL-2.0 */
/* What the node lives on: no ban reaches it, and it is let in nowhere for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "policy/cidr.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "vectors.h"

#define NODE(rest)                                                                                 \
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","    \
	"  \"roles\": [\"mta\"], \"mode\": \"enforce\","                                           \
	"  \"interfaces\": { \"ext0\": { \"zone\": \"external\" " rest " }"
#define EXT0_ALONE "} }"

static void expect_syn(struct harness *harness, const struct arrival *arrival, const char *source,
		       const char *expected)
{
	_free_ struct frame *frame =
		frame_from_source(source, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN),
				  ETH6 IP6("00 14", "06", "40") TCP(SMTP, SYN));

	harness_expect(harness, FOR_ALL, arrival, frame, expected);
}

/* As `ban` would, if it did not know better. */
static void ban(struct harness *harness, const char *text, bool gone)
{
	struct rw_prefix_key key = {0};
	struct rw_ban value = {0};
	struct cidr cidr;
	bool address;
	int fd = harness->maps.fd[MAP_BAN_PREFIXES];

	assert_int_equal(cidr_parse(text, &cidr, NULL), 0);
	address = cidr.length == 128;
	key.prefixlen = value.length = cidr.length;
	memcpy(key.source, cidr.source, sizeof(key.source));
	if (gone && address)
		harness_delete_in(harness, MAP_BANS, cidr.source);
	else if (gone)
		bpf_map_delete_elem(fd, &key);
	else if (address)
		harness_put_in(harness, MAP_BANS, cidr.source, &value);
	else
		harness_put(harness, MAP_BAN_PREFIXES, &key, &value);
}

static const char *const bans[] = {"192.0.2.0/24",  "198.51.100.7", "203.0.113.0/25",
				   "2001:db8::/32", "10.1.2.3",	    "::/2"};

static int bans_make(void **state)
{
	const struct rw_presence presence = {.bans = 2, .ban_prefixes = 4};
	__u32 zero = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bans); i++)
		ban(*state, bans[i], false);
	harness_put(*state, MAP_PRESENCE, &zero, &presence);
	return 0;
}

static int bans_clear(void **state)
{
	const struct rw_presence nothing = {0};
	__u32 zero = 0;

	harness_put(*state, MAP_PRESENCE, &zero, &nothing);
	for (size_t i = 0; i < ARRAY_SIZE(bans); i++)
		ban(*state, bans[i], true);
	return 0;
}

static void what_is_listed_is_not_banned_and_its_neighbours_are(void **state)
{
	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": [\"192.0.2.64/26\","
					      "\"198.51.100.7\", \"2001:db8:0:1::/64\"]"));
	expect_syn(*state, &on_ext0, "192.0.2.63", "drop banned");
	expect_syn(*state, &on_ext0, "192.0.2.64", "pass open");
	expect_syn(*state, &on_ext0, "192.0.2.127", "pass open");
	expect_syn(*state, &on_ext0, "192.0.2.128", "drop banned");
	expect_syn(*state, &on_ext0, "198.51.100.7", "pass open");
	expect_syn(*state, &on_ext0, "203.0.113.64", "drop banned");
	expect_syn(*state, &on_ext0, "2001:db8:0:1::9", "pass open");
	expect_syn(*state, &on_ext0, "2001:db8:0:2::9", "drop banned");
}

static void management_and_peers_are_not_banned_on_any_interface(void **state)
{
	const struct arrival unlisted = {HARNESS_EXT0 + 1, 0};

	harness_apply(*state, NODE(", \"sources\": { \"internal\": [\"203.0.113.0/28\"] } },"
				   "\"int0\": { \"zone\": \"internal\" } },"
				   "\"management\": [\"198.51.100.7\"]"));
	expect_syn(*state, &on_ext0, "198.51.100.7", "pass open");
	expect_syn(*state, &on_int0, "198.51.100.7", "pass open");
	expect_syn(*state, &unlisted, "198.51.100.7", "pass open");
	expect_syn(*state, &on_ext0, "203.0.113.9", "pass open");
	expect_syn(*state, &on_int0, "203.0.113.9", "pass open");
	expect_syn(*state, &on_int0, "203.0.113.99", "drop banned");
}

/* It is no rule: what follows in the verdict goes on as if there were no ban. */
static void who_is_never_banned_is_judged_like_everybody(void **state)
{
	static const struct {
		const char *hex4, *expected;
	} packets[] = {
		{ETH4 IP4("00 28", "00 00", "06") TCP(SSH, SYN), "drop zone-denied"},
		{ETH4 IP4("00 28", "00 00", "06") TCP(CLOSED, SYN), "drop not-open"},
		{ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, "00"), "drop bad-flags"},
		{ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, ACK), "pass open"},
		{ETH4 IP4("00 1c", "00 00", "33") "06 01 00 00 00 00 00 01 ", "drop protocol"},
		{ETH4 IP4("00 14", "00 00", "06"), "drop malformed"},
	};

	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": [\"192.0.2.9\"]"));
	for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
		_free_ struct frame *spared = frame_from_source("192.0.2.9", packets[i].hex4, "");

		harness_expect(*state, FOR_ALL, &on_ext0, spared, packets[i].expected);
	}
}

/* It hangs off the policy: one commit takes it away, and the next one gives it back. */
static void each_policy_has_its_own_list(void **state)
{
	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": [\"192.0.2.9\"]"));
	expect_syn(*state, &on_ext0, "192.0.2.9", "pass open");
	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": [\"192.0.2.8\"]"));
	expect_syn(*state, &on_ext0, "192.0.2.9", "drop banned");
	expect_syn(*state, &on_ext0, "192.0.2.8", "pass open");
	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": []"));
	expect_syn(*state, &on_ext0, "192.0.2.8", "drop banned");
}

/* In the 16 bytes ::/2 has the whole of IPv4 in it. */
static void an_ipv6_prefix_spares_no_ipv4(void **state)
{
	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": [\"::/0\", \"10.1.2.3\"]"));
	expect_syn(*state, &on_ext0, "2001:db8::9", "pass open");
	expect_syn(*state, &on_ext0, "192.0.2.9", "drop banned");
	expect_syn(*state, &on_ext0, "10.1.2.3", "pass open");
	harness_apply(*state, NODE(EXT0_ALONE ", \"never_ban\": [\"0.0.0.0/0\"]"));
	expect_syn(*state, &on_ext0, "2001:db8::9", "drop banned");
	expect_syn(*state, &on_ext0, "192.0.2.9", "pass open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_BANS(test) cmocka_unit_test_setup_teardown(test, bans_make, bans_clear)
		WITH_BANS(what_is_listed_is_not_banned_and_its_neighbours_are),
		WITH_BANS(management_and_peers_are_not_banned_on_any_interface),
		WITH_BANS(who_is_never_banned_is_judged_like_everybody),
		WITH_BANS(each_policy_has_its_own_list),
		WITH_BANS(an_ipv6_prefix_spares_no_ipv4),
	};

	return cmocka_run_group_tests_name("never ban", tests, harness_setup, harness_teardown);
}

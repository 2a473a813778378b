/* SPDX-License-Identifier: GPL-2.0 */
/* Who has begun too many connections is refused the next one, and nobody else is, nor anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "policy/cidr.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "vectors.h"

#define SECOND 1000000000ULL
#define SUBMIT "02 4b" /* 587 */

/* smtp has ten tokens, one each ten seconds; submission counts networks. */
#define NODE(mode, rest)                                                                           \
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","    \
	"  \"roles\": [\"mta\"], \"mode\": \"" mode "\","                                          \
	"  \"interfaces\": { \"ext0\": { \"zone\": \"external\" },"                                \
	"    \"int0\": { \"zone\": \"internal\" }, \"vpn0\": { \"zone\": \"vpn\" } },"             \
	"  \"limits\": { \"smtp\": { \"new\": \"6/min\", \"burst\": 10 },"                         \
	"    \"submission\": { \"new\": \"6/min\", \"burst\": 1, \"per\": [\"/24\", \"/56\"] } }"  \
	"  " rest "}"

#define INTERVAL (10 * SECOND)

#define SEGMENT(harness, entries, arrival, source, port, flags, expected)                          \
	do {                                                                                       \
		_free_ struct frame *frame_ = frame_from_source(                                   \
			source, ETH4 IP4("00 28", "00 00", "06") TCP(port, flags),                 \
			ETH6 IP6("00 14", "06", "40") TCP(port, flags));                           \
		harness_expect(harness, entries, arrival, frame_, expected);                       \
	} while (0)

#define SMTP_SYN(harness, arrival, source, expected)                                               \
	SEGMENT(harness, FOR_ALL, arrival, source, SMTP, SYN, expected)

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static uint32_t rule_of(const struct harness *harness, uint16_t port)
{
	uint32_t index = RW_POLICY_PORTS + port;
	struct rw_policy_entry entry;

	assert_int_equal(bpf_map_lookup_elem(harness->generation.policy_fd, &index, &entry), 0);
	assert_true(entry.port.limit);
	return entry.port.rule;
}

/* The bucket of a source (as it counts), in one row: full at that time. */
static void bucket_set(const struct harness *harness, const char *source, uint16_t port,
		       unsigned int row, uint64_t full)
{
	uint64_t halves[2], hash;
	struct rw_seeds seeds;
	struct cidr cidr;
	uint32_t place, zero = 0;

	assert_int_equal(cidr_parse(source, &cidr, NULL), 0);
	memcpy(halves, cidr.source, sizeof(halves));
	assert_int_equal(bpf_map_lookup_elem(harness->maps.fd[MAP_SEED], &zero, &seeds), 0);
	hash = rw_limit_hash(halves[0], halves[1], rule_of(harness, port), seeds.words);
	place = row ? rw_limit_second(hash) : rw_limit_first(hash);
	harness_put_in(harness, MAP_LIMIT_TIMES, &place, &full);
}

static void bucket_fill(const struct harness *harness, const char *source, uint16_t port,
			uint64_t full)
{
	bucket_set(harness, source, port, 0, full);
	bucket_set(harness, source, port, 1, full);
}

/* No token, and none for a minute. */
static uint64_t spent(void)
{
	return now() + 9 * INTERVAL + 60 * SECOND;
}

static void who_has_no_token_is_refused_and_its_neighbours_are_not(void **state)
{
	harness_apply(*state, NODE("enforce", ""));
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass open");
	bucket_fill(*state, "192.0.2.9", 25, spent());
	bucket_fill(*state, "2001:db8:0:1::/64", 25, spent());
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "drop rate-limited");
	SMTP_SYN(*state, &on_vpn0, "192.0.2.9", "drop rate-limited");
	SMTP_SYN(*state, &on_ext0, "192.0.2.8", "pass open");
	SMTP_SYN(*state, &on_ext0, "2001:db8:0:1::9", "drop rate-limited");
	SMTP_SYN(*state, &on_ext0, "2001:db8:0:1:ffff::", "drop rate-limited");
	SMTP_SYN(*state, &on_ext0, "2001:db8:0:2::9", "pass open");
	/* Another rule's bucket, and a port without a limit. */
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.9", SUBMIT, SYN, "pass open");
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.9", "01 d1", SYN, "pass open");
}

static void only_what_begins_a_connection_is_asked(void **state)
{
	harness_apply(*state, NODE("enforce", ""));
	bucket_fill(*state, "192.0.2.9", 25, spent());
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.9", SMTP, ACK, "pass open");
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.9", SMTP, "12", "pass open");
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.9", SMTP, "11", "pass open");
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.9", SMTP, "c2", "drop rate-limited");
}

/* A bucket of ten, less one token each ten seconds. */
static void the_last_token_counts(void **state)
{
	harness_apply(*state, NODE("enforce", ""));
	bucket_fill(*state, "192.0.2.9", 25, now() + 9 * INTERVAL);
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass open");
	bucket_fill(*state, "192.0.2.9", 25, now() + 9 * INTERVAL + 9 * SECOND);
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "drop rate-limited");
	/* Full again since yesterday. */
	bucket_fill(*state, "192.0.2.9", 25, 1);
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass open");
}

static void what_is_asked_costs_nothing(void **state)
{
	_free_ struct frame *frame =
		frame_from_source("192.0.2.9", ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN), "");

	harness_apply(*state, NODE("enforce", ""));
	bucket_fill(*state, "192.0.2.9", 25, 1);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, 1000);
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass open");
}

static void one_row_alone_refuses_nobody(void **state)
{
	harness_apply(*state, NODE("enforce", ""));
	for (unsigned int row = 0; row < 2; row++) {
		bucket_fill(*state, "192.0.2.9", 25, 1);
		bucket_set(*state, "192.0.2.9", 25, row, spent());
		SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass open");
	}
	bucket_fill(*state, "192.0.2.9", 25, spent());
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "drop rate-limited");
}

static void a_source_is_what_per_says(void **state)
{
	harness_apply(*state, NODE("enforce", ""));
	bucket_fill(*state, "192.0.2.0/24", 587, spent());
	bucket_fill(*state, "2001:db8:0:100::/56", 587, spent());
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.0", SUBMIT, SYN, "drop rate-limited");
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.2.255", SUBMIT, SYN, "drop rate-limited");
	SEGMENT(*state, FOR_ALL, &on_ext0, "192.0.3.0", SUBMIT, SYN, "pass open");
	SEGMENT(*state, FOR_ALL, &on_ext0, "2001:db8:0:1ff::1", SUBMIT, SYN, "drop rate-limited");
	SEGMENT(*state, FOR_ALL, &on_ext0, "2001:db8:0:200::1", SUBMIT, SYN, "pass open");
}

static void who_is_exempt_is_never_limited(void **state)
{
	static const char *const sources[] = {"192.0.2.1", "192.0.2.65", "192.0.2.9",
					      "2001:db8:0:1::/64"};

	harness_apply(*state, NODE("enforce", ", \"management\": [\"192.0.2.1\"],"
					      "\"never_ban\": [\"192.0.2.64/26\"]"));
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		bucket_fill(*state, sources[i], 25, spent());
	SMTP_SYN(*state, &on_ext0, "192.0.2.1", "pass open");
	SMTP_SYN(*state, &on_ext0, "192.0.2.65", "pass open");
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "drop rate-limited");
	SMTP_SYN(*state, &on_int0, "192.0.2.9", "pass open");
	SMTP_SYN(*state, &on_int0, "2001:db8:0:1::1", "pass open");
}

static void mode_observe_counts_and_passes(void **state)
{
	harness_apply(*state, NODE("observe", ""));
	bucket_fill(*state, "192.0.2.9", 25, spent());
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass rate-limited");
}

static void without_a_limit_no_bucket_is_asked(void **state)
{
	harness_apply(*state, NODE("enforce", ""));
	bucket_fill(*state, "192.0.2.9", 25, spent());
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "drop rate-limited");
	harness_apply(*state, "{ \"version\": 1, \"node\": \"test.example.com\","
			      "  \"profile\": \"carbonio-ce-23.10\", \"roles\": [\"mta\"],"
			      "  \"interfaces\": { \"ext0\": { \"zone\": \"external\" } },"
			      "  \"mode\": \"enforce\" }");
	SMTP_SYN(*state, &on_ext0, "192.0.2.9", "pass open");
}

/* Buckets that another test has emptied are full. */
static int buckets_clear(void **state)
{
	static const char *const sources[] = {"192.0.2.9",    "192.0.2.1",
					      "192.0.2.65",   "2001:db8:0:1::/64",
					      "192.0.2.0/24", "2001:db8:0:100::/56"};

	harness_apply(*state, NODE("enforce", ""));
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		bucket_fill(*state, sources[i], 25, 0);
		bucket_fill(*state, sources[i], 587, 0);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_BUCKETS(test) cmocka_unit_test_setup(test, buckets_clear)
		WITH_BUCKETS(who_has_no_token_is_refused_and_its_neighbours_are_not),
		WITH_BUCKETS(only_what_begins_a_connection_is_asked),
		WITH_BUCKETS(the_last_token_counts),
		WITH_BUCKETS(what_is_asked_costs_nothing),
		WITH_BUCKETS(one_row_alone_refuses_nobody),
		WITH_BUCKETS(a_source_is_what_per_says),
		WITH_BUCKETS(who_is_exempt_is_never_limited),
		WITH_BUCKETS(mode_observe_counts_and_passes),
		WITH_BUCKETS(without_a_limit_no_bucket_is_asked),
	};

	return cmocka_run_group_tests_name("limits", tests, harness_setup, harness_teardown);
}

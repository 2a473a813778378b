/* SPDX-License-Identifier: GPL-2.0 */
/* UDP: the answers to what this host asked, and nothing that looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/commit/pending.h"
#include "util/cleanup.h"
#include "vectors.h"

#define SECOND 1000000000ULL

/* The peer is 192.0.2.9 and 2001:db8::9, this node 198.51.100.1 and 2001:db8::1; see vectors.h. */
/* Answers from port 53 to port 5353 of this node, and the questions before them. */
#define ANSWER4 ETH4 IP4("00 1c", "00 00", "11") UDP("00 35", "14 e9", "00 08")
#define ANSWER6 ETH6 IP6("00 08", "11", "40") UDP("00 35", "14 e9", "00 08")
#define QUESTION4                                                                                  \
	ETH4 "45 00 00 1c 00 00 00 00 40 11 00 00 c6 33 64 01 c0 00 02 09 " UDP("14 e9", "00 35",  \
										"00 08")
#define QUESTION6 ETH6 "60 00 00 00 00 08 11 40 " NODE6 PEER6 UDP("14 e9", "00 35", "00 08")

static const uint8_t peer4[16] = {[10] = 0xff, 0xff, 192, 0, 2, 9};
static const uint8_t peer6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};

static void flow_put(struct harness *harness, const uint8_t remote[16], uint64_t age)
{
	struct rw_flow_key key = {.remote_port = htons(53), .local_port = htons(5353)};
	uint64_t last = pending_now() - age;

	memcpy(key.remote, remote, sizeof(key.remote));
	harness_put(harness, MAP_UDP_FLOWS, &key, &last);
}

static void flows_clear(const struct harness *harness)
{
	int fd = harness->maps.fd[MAP_UDP_FLOWS];
	struct rw_flow_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
}

static void an_answer_comes_in_after_its_question(void **state)
{
	_free_ struct frame *question4 = frame_from_hex(QUESTION4);
	_free_ struct frame *question6 = frame_from_hex(QUESTION6);

	flows_clear(*state);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
	harness_send(*state, HARNESS_EXT0, question4);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER6, "drop no-connection");
	harness_send(*state, HARNESS_EXT0, question6);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER6, "pass established");
}

static void an_answer_from_elsewhere_does_not_come_in(void **state)
{
	static const uint8_t at[] = {26, 29, 34, 35, 36, 37}; /* source and both ports */
	_free_ struct frame *answer = frame_from_hex(ANSWER4);
	size_t i;

	flows_clear(*state);
	flow_put(*state, peer4, 0);
	harness_expect(*state, FOR_ALL, &on_ext0, answer, "pass established");
	for (i = 0; i < sizeof(at); i++) {
		answer->bytes[at[i]] ^= 1;
		harness_expect(*state, FOR_ALL, &on_ext0, answer, "drop no-connection");
		answer->bytes[at[i]] ^= 1;
	}
}

static void all_16_bytes_of_the_peer_count(void **state)
{
	_free_ struct frame *answer = frame_from_hex(ANSWER6);
	size_t i;

	flows_clear(*state);
	flow_put(*state, peer6, 0);
	harness_expect(*state, FOR_ALL, &on_ext0, answer, "pass established");
	for (i = 22; i < 38; i++) {
		answer->bytes[i] ^= 1;
		harness_expect(*state, FOR_ALL, &on_ext0, answer, "drop no-connection");
		answer->bytes[i] ^= 1;
	}
}

static void an_answer_is_awaited_180_seconds(void **state)
{
	if (pending_now() < 200 * SECOND) {
		print_message("SKIP: this machine is up for less than 200 s\n");
		skip();
	}
	flows_clear(*state);
	flow_put(*state, peer4, 170 * SECOND);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
	flow_put(*state, peer4, 181 * SECOND);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
}

static void a_datagram_of_ours_renews_the_wait(void **state)
{
	_free_ struct frame *question = frame_from_hex(QUESTION4);

	if (pending_now() < 200 * SECOND) {
		print_message("SKIP: this machine is up for less than 200 s\n");
		skip();
	}
	flows_clear(*state);
	flow_put(*state, peer4, 181 * SECOND);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
	harness_send(*state, HARNESS_EXT0, question);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

static void what_is_no_datagram_of_ours_opens_nothing(void **state)
{
	_free_ struct frame *tcp =
		frame_from_hex(ETH4 "45 00 00 28 00 00 00 00 40 06 00 00 c6 33 64 01 c0 00 02 09 "
				    "14 e9 00 35 00 00 00 01 00 00 00 00 50 02 ff ff 00 00 00 00");
	_free_ struct frame *later = frame_from_hex(
		ETH4 "45 00 00 1c 00 00 00 08 40 11 00 00 c6 33 64 01 c0 00 02 09 " UDP(
			"14 e9", "00 35", "00 08"));
	_free_ struct frame *question = frame_from_hex(QUESTION4);

	flows_clear(*state);
	harness_send(*state, HARNESS_EXT0, tcp);
	harness_send(*state, HARNESS_EXT0, later);
	harness_send(*state, 1, question); /* loopback */
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
}

/*
 * From 8301 to 8301, as gossip goes. Where a rule admits the peer anyway, nothing is learned: under
 * its address another interface would be open to everybody.
 */
#define GOSSIP4 ETH4 IP4("00 1c", "00 00", "11") UDP(GOSSIP, GOSSIP, "00 08")
#define GOSSIP6 ETH6 IP6("00 08", "11", "40") UDP(GOSSIP, GOSSIP, "00 08")
#define GOSSIP_SENT4                                                                               \
	ETH4 "45 00 00 1c 00 00 00 00 40 11 00 00 c6 33 64 01 c0 00 02 09 " UDP(GOSSIP, GOSSIP,    \
										"00 08")
#define GOSSIP_SENT6 ETH6 "60 00 00 00 00 08 11 40 " NODE6 PEER6 UDP(GOSSIP, GOSSIP, "00 08")

static void what_a_rule_admits_is_not_learned(void **state)
{
	_free_ struct frame *sent4 = frame_from_hex(GOSSIP_SENT4);
	_free_ struct frame *sent6 = frame_from_hex(GOSSIP_SENT6);

	flows_clear(*state);
	harness_send(*state, HARNESS_INT0, sent4);
	harness_send(*state, HARNESS_INT0, sent6);
	expect_hex(*state, FOR_ALL, &on_ext0, GOSSIP4, "drop zone-denied");
	expect_hex(*state, FOR_ALL, &on_ext0, GOSSIP6, "drop zone-denied");
	/* To where no rule admits anybody, it is a question like any other. */
	harness_send(*state, HARNESS_EXT0, sent4);
	expect_hex(*state, FOR_ALL, &on_ext0, GOSSIP4, "pass established");
	expect_hex(*state, FOR_ALL, &on_ext0, GOSSIP6, "drop zone-denied");
	harness_send(*state, HARNESS_VPN0, sent6);
	expect_hex(*state, FOR_ALL, &on_ext0, GOSSIP6, "pass established");
	flows_clear(*state);
}

/* It is the zone of whom it is sent to that counts, not of the node's own address there. */
static void what_a_source_prefix_admits_is_not_learned(void **state)
{
	static const char node[] =
		"{ \"version\": 1, \"node\": \"test.example.com\", \"mode\": \"enforce\","
		"  \"profile\": \"carbonio-ce-23.10\", \"roles\": [\"mta\", \"proxy\"],"
		"  \"interfaces\": {"
		"    \"ext0\": { \"zone\": \"external\","
		"              \"sources\": { \"internal\": [\"192.0.2.0/24\"] } },"
		"    \"int0\": { \"zone\": \"internal\" }, \"vpn0\": { \"zone\": \"vpn\" } } }";
	_free_ struct frame *sent = frame_from_hex(GOSSIP_SENT4);
	_free_ struct frame *answer = frame_from_hex(GOSSIP4);

	harness_need_cgroup(*state);
	flows_clear(*state);
	harness_apply(*state, node);
	harness_send(*state, HARNESS_EXT0, sent);
	harness_expect(*state, FOR_ALL, &on_ext0, answer, "pass open");
	harness_expect(*state, FOR_ALL, &on_vpn0, answer, "drop zone-denied");
	harness_apply(*state, vectors_node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_in_after_its_question),
		cmocka_unit_test(an_answer_from_elsewhere_does_not_come_in),
		cmocka_unit_test(all_16_bytes_of_the_peer_count),
		cmocka_unit_test(an_answer_is_awaited_180_seconds),
		cmocka_unit_test(a_datagram_of_ours_renews_the_wait),
		cmocka_unit_test(what_is_no_datagram_of_ours_opens_nothing),
		cmocka_unit_test(what_a_rule_admits_is_not_learned),
		cmocka_unit_test(what_a_source_prefix_admits_is_not_learned),
	};

	return cmocka_run_group_tests_name("flows", tests, vectors_setup, harness_teardown);
}

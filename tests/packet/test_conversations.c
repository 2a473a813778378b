/* SPDX-License-Identifier: GPL-2.0 */
/* UDP: the answers to what this node asked, and nothing that looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "util/clock.h"
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

/* Addresses of the node itself. */
static const uint8_t node4[16] = {[10] = 0xff, 0xff, 198, 51, 100, 1};
static const uint8_t node6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

/* A time so long ago; on a machine that has not been up that long, before it was. */
static uint64_t ago(uint64_t seconds)
{
	return (uint64_t)clock_now(CLOCK_MONOTONIC) - seconds * SECOND;
}

static void conversation_put(struct harness *harness, const uint8_t remote[16],
			     const uint8_t local[16], uint64_t last)
{
	struct rw_conversation_key key = {.remote_port = htons(53), .local_port = htons(5353)};
	struct rw_conversation value = {.began = last, .last = last};

	memcpy(key.remote, remote, sizeof(key.remote));
	memcpy(key.local, local, sizeof(key.local));
	harness_put(harness, MAP_CONVERSATIONS, &key, &value);
}

static void unasked_fill(const struct harness *harness, uint32_t from, uint64_t time)
{
	uint32_t count = RW_UNASKED - from, i;
	_free_ uint32_t *keys = calloc(count, sizeof(*keys));
	_free_ uint64_t *values = calloc(count, sizeof(*values));

	assert_true(keys && values);
	for (i = 0; i < count; i++) {
		keys[i] = from + i;
		values[i] = time;
	}
	assert_int_equal(
		bpf_map_update_batch(harness->maps.fd[MAP_UNASKED], keys, values, &count, NULL), 0);
}

/* Nobody talks, and nobody came unasked. */
static void forget(const struct harness *harness)
{
	int fd = harness->maps.fd[MAP_CONVERSATIONS];
	struct rw_conversation_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
	unasked_fill(harness, 0, 0);
}

static void an_answer_comes_in_after_its_question(void **state)
{
	_free_ struct frame *question4 = frame_from_hex(QUESTION4);
	_free_ struct frame *question6 = frame_from_hex(QUESTION6);

	forget(*state);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
	harness_send(*state, HARNESS_EXT0, question4);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER6, "drop no-connection");
	harness_send(*state, HARNESS_EXT0, question6);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER6, "pass established");
}

static void an_answer_from_elsewhere_does_not_come_in(void **state)
{
	/* The last bytes of both addresses, and both ports. */
	static const uint8_t at[] = {26, 29, 30, 33, 34, 35, 36, 37};
	_free_ struct frame *answer = frame_from_hex(ANSWER4);
	size_t i;

	forget(*state);
	conversation_put(*state, peer4, node4, ago(0));
	harness_expect(*state, FOR_ALL, &on_ext0, answer, "pass established");
	for (i = 0; i < sizeof(at); i++) {
		answer->bytes[at[i]] ^= 1;
		harness_expect(*state, FOR_ALL, &on_ext0, answer, "drop no-connection");
		answer->bytes[at[i]] ^= 1;
	}
}

static void all_bytes_of_both_addresses_count(void **state)
{
	_free_ struct frame *answer = frame_from_hex(ANSWER6);
	size_t i;

	forget(*state);
	conversation_put(*state, peer6, node6, ago(0));
	harness_expect(*state, FOR_ALL, &on_ext0, answer, "pass established");
	for (i = 22; i < 54; i++) {
		answer->bytes[i] ^= 1;
		harness_expect(*state, FOR_ALL, &on_ext0, answer, "drop no-connection");
		answer->bytes[i] ^= 1;
	}
}

static void an_answer_is_awaited_180_seconds(void **state)
{
	forget(*state);
	conversation_put(*state, peer4, node4, ago(170));
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
	conversation_put(*state, peer4, node4, ago(181));
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
}

static void a_datagram_of_ours_renews_the_wait(void **state)
{
	_free_ struct frame *question = frame_from_hex(QUESTION4);

	forget(*state);
	conversation_put(*state, peer4, node4, ago(181));
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

	forget(*state);
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

/* Gossip is open to internal alone. */
#define GOSSIP_IN(state, arrival, expected)                                                        \
	do {                                                                                       \
		expect_hex(state, FOR_ALL, arrival, GOSSIP4, expected);                            \
		expect_hex(state, FOR_ALL, arrival, GOSSIP6, expected);                            \
	} while (0)

static void gossip_send(struct harness *harness, uint32_t ifindex)
{
	_free_ struct frame *sent4 = frame_from_hex(GOSSIP_SENT4);
	_free_ struct frame *sent6 = frame_from_hex(GOSSIP_SENT6);

	harness_send(harness, ifindex, sent4);
	harness_send(harness, ifindex, sent6);
}

static void what_a_rule_admits_is_not_learned(void **state)
{
	forget(*state);
	gossip_send(*state, HARNESS_INT0);
	GOSSIP_IN(*state, &on_ext0, "drop zone-denied");
	/* To where no rule admits anybody, it is a question like any other. */
	forget(*state);
	gossip_send(*state, HARNESS_EXT0);
	GOSSIP_IN(*state, &on_ext0, "pass established");
}

/* --- who came unasked ------------------------------------------------------------------------ */

/* One datagram with a peer's address, forged inside: the reply leaves outside. */
static void who_was_admitted_inside_is_not_learned_outside(void **state)
{
	forget(*state);
	GOSSIP_IN(*state, &on_int0, "pass open");
	gossip_send(*state, HARNESS_EXT0);
	GOSSIP_IN(*state, &on_ext0, "drop zone-denied");
	GOSSIP_IN(*state, &on_vpn0, "drop zone-denied");
}

/*
 * A peer that the node talks to by a rule stays with the rule, wherever the way to it leads next.
 */
static void whom_a_rule_admitted_is_not_learned_when_the_route_changes(void **state)
{
	forget(*state);
	gossip_send(*state, HARNESS_INT0);
	gossip_send(*state, HARNESS_EXT0);
	GOSSIP_IN(*state, &on_ext0, "drop zone-denied");
}

static void opening_put(struct harness *harness, uint64_t expires)
{
	struct rw_opening_key key = {.prefixlen = 32 + 128, .l4 = RW_L4_UDP, .port = htons(5353)};
	struct rw_opening value = {.expires = expires, .id = 1};
	struct rw_presence any = {.openings = expires != 0};
	uint32_t zero = 0;

	memcpy(key.source, peer4, sizeof(peer4));
	if (expires)
		harness_put(harness, MAP_OPENINGS, &key, &value);
	else
		bpf_map_delete_elem(harness->maps.fd[MAP_OPENINGS], &key);
	harness_put(harness, MAP_PRESENCE, &zero, &any);
}

/* Answered before the end, after it, or both: the end of an opening is the end. */
static void an_opening_that_ends_leaves_nothing(void **state)
{
	_free_ struct frame *reply = frame_from_hex(QUESTION4);
	unsigned int before, after, expires;

	for (before = 0; before < 2; before++)
		for (after = 0; after < 2; after++)
			for (expires = 0; expires < 2; expires++) {
				forget(*state);
				opening_put(*state, UINT64_MAX);
				expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass opening");
				if (before)
					harness_send(*state, HARNESS_EXT0, reply);
				opening_put(*state, expires);
				if (after)
					harness_send(*state, HARNESS_EXT0, reply);
				expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4,
					   "drop no-connection");
			}
	opening_put(*state, 0);
}

/* The node sends to somebody to whom it has an opening, who is silent until that has ended. */
static void whom_an_opening_would_admit_is_not_learned(void **state)
{
	_free_ struct frame *sent = frame_from_hex(QUESTION4);

	forget(*state);
	opening_put(*state, UINT64_MAX);
	harness_send(*state, HARNESS_EXT0, sent);
	opening_put(*state, 0);
	harness_send(*state, HARNESS_EXT0, sent);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
}

/* A conversation that an opening overtakes is not kept alive by what the opening admits. */
static void an_opening_renews_no_conversation(void **state)
{
	_free_ struct frame *reply = frame_from_hex(QUESTION4);

	forget(*state);
	conversation_put(*state, peer4, node4, ago(170));
	opening_put(*state, UINT64_MAX);
	harness_send(*state, HARNESS_EXT0, reply);
	opening_put(*state, 0);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
	conversation_put(*state, peer4, node4, ago(181));
	harness_send(*state, HARNESS_EXT0, reply);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
}

static void observe(struct harness *harness, bool on)
{
	_free_ char *node = strdup(vectors_node);
	char *mode = strstr(node, "\"enforce\"");

	assert_non_null(mode);
	if (on)
		memcpy(mode, "\"observe\"", strlen("\"observe\""));
	harness_apply(harness, node);
}

static void whom_observe_let_in_does_not_stay_in(void **state)
{
	_free_ struct frame *reply = frame_from_hex(QUESTION4);
	unsigned int before;

	harness_need_cgroup(*state);
	for (before = 0; before < 2; before++) {
		forget(*state);
		observe(*state, true);
		expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass no-connection");
		if (before)
			harness_send(*state, HARNESS_EXT0, reply);
		expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass no-connection");
		observe(*state, false);
		if (!before)
			harness_send(*state, HARNESS_EXT0, reply);
		expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
	}
}

static void what_the_node_asks_while_it_observes_is_answered(void **state)
{
	_free_ struct frame *question = frame_from_hex(QUESTION4);

	harness_need_cgroup(*state);
	forget(*state);
	observe(*state, true);
	harness_send(*state, HARNESS_EXT0, question);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
	harness_send(*state, HARNESS_EXT0, question);
	observe(*state, false);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

/* Nobody can read from whom it is (nine extension headers), but the socket gets it. */
static void what_observe_lets_in_unread_is_not_learned_either(void **state)
{
	_free_ struct frame *reply = frame_from_hex(
		ETH4 "45 00 00 1c 00 00 00 00 40 11 00 00 c6 33 64 01 c0 00 02 09 " UDP(
			"00 00", "00 35", "00 08")); /* from port 0, as the test run's socket */

	harness_need_cgroup(*state);
	forget(*state);
	observe(*state, true);
	expect_hex(*state, FOR_CGROUP, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "11") UDP("00 35", "00 00", "00 07"),
		   "pass malformed");
	harness_send(*state, HARNESS_EXT0, reply);
	observe(*state, false);
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "11") UDP("00 35", "00 00", "00 08"),
		   "drop no-connection");
}

/* A flood of an open port may note every peer there is; another port learns all the same. */
static void a_flood_of_one_port_stops_no_other_ports_answers(void **state)
{
	_free_ struct frame *question = frame_from_hex(QUESTION4);

	forget(*state);
	unasked_fill(*state, RW_UNASKED_PEERS, ago(0));
	harness_send(*state, HARNESS_EXT0, question);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

/* And one peer's coming to a port does not stop another's answers there: NTP, from 123 to 123. */
static void one_peer_that_came_unasked_stops_no_others_answers(void **state)
{
	_free_ struct frame *stranger = frame_from_hex(ANSWER4);
	_free_ struct frame *question = frame_from_hex(QUESTION4);

	harness_need_cgroup(*state);
	forget(*state);
	observe(*state, true);
	stranger->bytes[29] ^= 1;
	harness_expect(*state, FOR_CGROUP, &on_ext0, stranger, "pass no-connection");
	observe(*state, false);
	harness_send(*state, HARNESS_EXT0, question);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

/* Makes every note that there is of anybody so old. */
static void notes_age(struct harness *harness, uint64_t seconds)
{
	unasked_fill(harness, 0, 0);
	unasked_fill(harness, RW_UNASKED_PEERS, ago(seconds));
	harness_put(harness, MAP_UNASKED, &(uint32_t){5353}, &(uint64_t){ago(seconds)});
}

static void who_came_unasked_is_known_180_seconds(void **state)
{
	_free_ struct frame *sent = frame_from_hex(QUESTION4);

	forget(*state);
	notes_age(*state, 170);
	harness_send(*state, HARNESS_EXT0, sent);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
	notes_age(*state, 181);
	harness_send(*state, HARNESS_EXT0, sent);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

/* A stream to somebody who was admitted once: he is not forgotten while it lasts. */
static void what_is_sent_to_who_came_unasked_keeps_the_note(void **state)
{
	_free_ struct frame *sent = frame_from_hex(QUESTION4);
	uint32_t port = 5353;
	uint64_t noted;

	forget(*state);
	notes_age(*state, 170);
	harness_send(*state, HARNESS_EXT0, sent);
	assert_int_equal(bpf_map_lookup_elem(((struct harness *)*state)->maps.fd[MAP_UNASKED],
					     &port, &noted),
			 0);
	assert_true(noted > ago(100));
	/* Both were renewed: with the port's alone, all other peers' notes are old. */
	unasked_fill(*state, 0, 0);
	harness_send(*state, HARNESS_EXT0, sent);
	expect_hex(*state, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

/* --- other network namespaces ---------------------------------------------------------------- */

/*
 * A namespace with an interface of the same number: what its sockets send and get is none of ours.
 */
static void another_network_namespace_is_not_this_node(void **state)
{
	struct harness *harness = *state;
	_free_ struct frame *question = frame_from_hex(QUESTION4);
	_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	harness_need_cgroup(*state);
	if (harness->netns != NETNS_COOKIE) {
		print_message("SKIP: this kernel's cgroup programs cannot ask for the namespace\n");
		skip();
	}
	forget(*state);
	assert_true(own >= 0 && unshare(CLONE_NEWNET) == 0);
	assert_int_equal(system("ip link add ext0 index 101 type veth peer name ext0-peer"), 0);
	harness_send(harness, HARNESS_EXT0, question);
	expect_hex(harness, 1u << ENTRY_INGRESS, &on_ext0, ANSWER4, "pass uncounted");
	assert_int_equal(setns(own, CLONE_NEWNET), 0);
	expect_hex(harness, FOR_ALL, &on_ext0, ANSWER4, "drop no-connection");
	/* Nor does what came there count as having come here. */
	harness_send(harness, HARNESS_EXT0, question);
	expect_hex(harness, FOR_ALL, &on_ext0, ANSWER4, "pass established");
}

/* --- zones by prefix ------------------------------------------------------------------------- */

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
	forget(*state);
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
		cmocka_unit_test(all_bytes_of_both_addresses_count),
		cmocka_unit_test(an_answer_is_awaited_180_seconds),
		cmocka_unit_test(a_datagram_of_ours_renews_the_wait),
		cmocka_unit_test(what_is_no_datagram_of_ours_opens_nothing),
		cmocka_unit_test(what_a_rule_admits_is_not_learned),
		cmocka_unit_test(who_was_admitted_inside_is_not_learned_outside),
		cmocka_unit_test(whom_a_rule_admitted_is_not_learned_when_the_route_changes),
		cmocka_unit_test(an_opening_that_ends_leaves_nothing),
		cmocka_unit_test(whom_an_opening_would_admit_is_not_learned),
		cmocka_unit_test(an_opening_renews_no_conversation),
		cmocka_unit_test(whom_observe_let_in_does_not_stay_in),
		cmocka_unit_test(what_the_node_asks_while_it_observes_is_answered),
		cmocka_unit_test(what_observe_lets_in_unread_is_not_learned_either),
		cmocka_unit_test(a_flood_of_one_port_stops_no_other_ports_answers),
		cmocka_unit_test(one_peer_that_came_unasked_stops_no_others_answers),
		cmocka_unit_test(who_came_unasked_is_known_180_seconds),
		cmocka_unit_test(what_is_sent_to_who_came_unasked_keeps_the_note),
		cmocka_unit_test(another_network_namespace_is_not_this_node),
		cmocka_unit_test(what_a_source_prefix_admits_is_not_learned),
	};

	return cmocka_run_group_tests_name("conversations", tests, vectors_setup, harness_teardown);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What gets in although no rule opens its port: connections, openings; UDP: test_conversations.c.
 * And bans.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util/clock.h"
#include "util/cleanup.h"
#include "vectors.h"

#define SECOND	    1000000000ULL
#define SERVER_PORT 9999  /* CLOSED: no role opens it */
#define CLIENT_PORT 40000 /* 9c 40 */

/* The peer is 192.0.2.9 and 2001:db8::9, this node 198.51.100.1 and 2001:db8::1; see vectors.h. */
#define FROM_CLIENT4(flags) ETH4 IP4("00 28", "00 00", "06") TCP(CLOSED, flags)
#define FROM_CLIENT6(flags) ETH6 IP6("00 14", "06", "40") TCP(CLOSED, flags)
#define FROM_STRANGER4(flags)                                                                      \
	ETH4 IP4("00 28", "00 00", "06") "9c 41 27 0f 00 00 00 01 00 00 00 00 50 " flags           \
					 " ff ff 00 00 00 00"
#define FROM_STRANGER6(flags)                                                                      \
	ETH6 IP6("00 14", "06", "40") "9c 41 27 0f 00 00 00 01 00 00 00 00 50 " flags              \
				      " ff ff 00 00 00 00"

static const uint8_t peer4[16] = {[10] = 0xff, 0xff, 192, 0, 2, 9};
static const uint8_t peer6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};

/* Put what the socket of a device above would leave there. */
static void bound_put(struct harness *harness, const uint8_t remote[16], const uint8_t local[16])
{
	struct rw_bound_key key = {.remote_port = htons(CLIENT_PORT),
				   .local_port = htons(SERVER_PORT)};
	uint32_t device = 1;

	memcpy(key.remote, remote, 16);
	memcpy(key.local, local, 16);
	harness_put(harness, MAP_BOUND_PEERS, &key, &device);
}

/* XDP below cannot find it, and leaves it to the cgroup hook, which can. */
static void socket_of_a_device_above_is_left_to_the_cgroup_hook(void **state)
{
	static const uint8_t local4[16] = {[10] = 0xff, 0xff, 198, 51, 100, 1};
	static const uint8_t local6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	struct rw_bound_key key;

	expect_hex(*state, FOR_WIRE, &on_ext0, FROM_CLIENT4(ACK), "drop no-connection");
	bound_put(*state, peer4, local4);
	bound_put(*state, peer6, local6);
	expect_hex(*state, FOR_WIRE, &on_ext0, FROM_CLIENT4(ACK), "pass established");
	expect_hex(*state, FOR_WIRE, &on_ext0, FROM_CLIENT6(ACK), "pass established");
	expect_hex(*state, FOR_WIRE, &on_ext0, FROM_CLIENT4(SYN), "drop not-open");
	expect_hex(*state, FOR_WIRE, &on_ext0, FROM_STRANGER4(ACK), "drop no-connection");
	expect_hex(*state, FOR_WIRE, &on_ext0, FROM_STRANGER6(ACK), "drop no-connection");
	expect_hex(*state, FOR_CGROUP & FOR_LOOKUP, &on_ext0, FROM_CLIENT4(ACK),
		   "drop no-connection");
	while (bpf_map_get_next_key(((struct harness *)*state)->maps.fd[MAP_BOUND_PEERS], NULL,
				    &key) == 0)
		bpf_map_delete_elem(((struct harness *)*state)->maps.fd[MAP_BOUND_PEERS], &key);
}

/* --- TCP ------------------------------------------------------------------------------------- */

static socklen_t address_make(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *ipv4 = (void *)ret;
	struct sockaddr_in6 *ipv6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		return sizeof(*ipv4);
	}
	assert_int_equal(inet_pton(AF_INET6, text, &ipv6->sin6_addr), 1);
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(port);
	return sizeof(*ipv6);
}

static int socket_bound(const char *text, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = address_make(text, port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int one = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	return fd;
}

static int socket_connected(const char *from, const char *to)
{
	struct sockaddr_storage address;
	socklen_t length = address_make(to, SERVER_PORT, &address);
	int fd = socket_bound(from, CLIENT_PORT);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, length), 0);
	return fd;
}

static int socket_listening(const char *at)
{
	int fd = socket_bound(at, SERVER_PORT);

	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void a_listening_socket_is_no_connection(void **state)
{
	_close_ int ipv4 = socket_listening("198.51.100.1"), ipv6 = socket_listening("2001:db8::1");

	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_CLIENT4(ACK), "drop no-connection");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_CLIENT4("12"), "drop no-connection");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_CLIENT6(ACK), "drop no-connection");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "drop not-open");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT6(SYN), "drop not-open");
}

static void an_ipv4_connection_lets_its_own_segments_in_and_no_others(void **state)
{
	_close_ int listener = socket_listening("198.51.100.1");
	_close_ int client = socket_connected("192.0.2.9", "198.51.100.1");

	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(ACK), "pass established");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4("11"), "pass established"); /* FIN ACK */
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4("04"), "pass established"); /* RST */
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4("18"), "pass established"); /* PSH ACK */
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4("00"), "drop bad-flags");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4("29"), "drop bad-flags");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_STRANGER4(ACK), "drop no-connection");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_CLIENT6(ACK), "drop no-connection");
}

static void an_ipv6_connection_lets_its_own_segments_in_and_no_others(void **state)
{
	_close_ int listener = socket_listening("2001:db8::1");
	_close_ int client = socket_connected("2001:db8::9", "2001:db8::1");

	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT6(ACK), "pass established");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT6("04"), "pass established");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_STRANGER6(ACK), "drop no-connection");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_CLIENT4(ACK), "drop no-connection");
}

static void a_syn_into_a_connection_is_a_new_connection(void **state)
{
	_close_ int listener = socket_listening("198.51.100.1");
	_close_ int client = socket_connected("192.0.2.9", "198.51.100.1");

	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(ACK), "pass established");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "drop not-open");
}

/* What the client's end sees: the node talks from its port to the outside. */
static void an_outgoing_connection_gets_its_answers(void **state)
{
	_close_ int listener = socket_listening("192.0.2.9");
	_close_ int client = socket_connected("198.51.100.1", "192.0.2.9");

	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 28", "00 00",
			    "06") "27 0f 9c 40 00 00 00 01 00 00 00 00 50 12 ff ff 00 00 00 00",
		   "pass established");
	expect_hex(*state, FOR_LOOKUP, &on_ext0,
		   ETH4 IP4("00 28", "00 00",
			    "06") "27 10 9c 40 00 00 00 01 00 00 00 00 50 12 ff ff 00 00 00 00",
		   "drop no-connection");
}

static void an_ipv4_connection_of_a_dual_stack_socket_is_found(void **state)
{
	_close_ int listener = socket_listening("::");
	_close_ int client = socket_connected("192.0.2.9", "198.51.100.1");

	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(ACK), "pass established");
	expect_hex(*state, FOR_LOOKUP, &on_ext0, FROM_STRANGER4(ACK), "drop no-connection");
}

/* --- openings -------------------------------------------------------------------------------- */

static void presence_put(struct harness *harness, struct rw_presence presence)
{
	uint32_t zero = 0;

	harness_put(harness, MAP_PRESENCE, &zero, &presence);
}

static void opening_put(struct harness *harness, unsigned int l4, uint16_t port,
			unsigned int length, uint64_t expires)
{
	struct rw_opening_key key = {.prefixlen = 32 + length, .l4 = l4, .port = htons(port)};
	struct rw_opening value = {.expires = expires, .id = 1};

	memcpy(key.source, peer4, sizeof(key.source));
	harness_put(harness, MAP_OPENINGS, &key, &value);
	presence_put(harness, (struct rw_presence){.openings = 1});
}

static void openings_clear(struct harness *harness)
{
	int fd = harness->maps.fd[MAP_OPENINGS];
	struct rw_opening_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
	presence_put(harness, (struct rw_presence){0});
}

static void an_opening_admits_its_source_to_its_port(void **state)
{
	opening_put(*state, RW_L4_TCP, 9999, 128, UINT64_MAX);
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "pass opening");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(ACK), "pass opening");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 00", "06") TCP(SSH, SYN),
		   "drop zone-denied");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "11") UDP("00 35", CLOSED, "00 08"),
		   "drop no-connection"); /* not of UDP */
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT6(SYN), "drop not-open");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4
		   "45 00 00 28 00 00 00 00 40 06 00 00 c0 00 02 0a c6 33 64 01 " TCP(CLOSED, SYN),
		   "drop not-open");
	openings_clear(*state);
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "drop not-open");
}

static void an_opening_reaches_into_a_closed_zone(void **state)
{
	opening_put(*state, RW_L4_TCP, 22, 128, UINT64_MAX);
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 00", "06") TCP(SSH, SYN),
		   "pass opening");
	openings_clear(*state);
	opening_put(*state, RW_L4_UDP, 8301, 128, UINT64_MAX);
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "11") UDP("12 34", GOSSIP, "00 08"), "pass opening");
	openings_clear(*state);
}

static void an_opening_is_over_when_its_time_is(void **state)
{
	opening_put(*state, RW_L4_TCP, 9999, 128,
		    (uint64_t)clock_now(CLOCK_BOOTTIME) + 3600 * SECOND);
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "pass opening");
	opening_put(*state, RW_L4_TCP, 9999, 128, (uint64_t)clock_now(CLOCK_BOOTTIME));
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "drop not-open");
	opening_put(*state, RW_L4_TCP, 9999, 128, 1);
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(SYN), "drop not-open");
	openings_clear(*state);
}

static void bad_flags_do_not_pass_through_an_opening(void **state)
{
	opening_put(*state, RW_L4_TCP, 9999, 128, UINT64_MAX);
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4("03"), "drop bad-flags");
	openings_clear(*state);
}

/* --- bans ------------------------------------------------------------------------------------ */

static void a_banned_address_gets_nothing(void **state)
{
	_close_ int listener = socket_listening("198.51.100.1");
	_close_ int client = socket_connected("192.0.2.9", "198.51.100.1");
	struct rw_ban ban = {.length = 1};

	harness_put_in(*state, MAP_BANS, peer4, &ban);
	presence_put(*state, (struct rw_presence){.bans = 1});
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN),
		   "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, FROM_CLIENT4(ACK), "drop banned"); /* established */
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "01") "00 00 00 00 00 00 00 00", "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 08", "06") TCP(SMTP, SYN),
		   "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4 IP4("00 1c", "00 00", "32") "00 00 00 00 00 00 00 00", "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 14", "00 00", "06"), "drop malformed");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH6 IP6("00 14", "06", "40") TCP(SMTP, SYN),
		   "pass open");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH4
		   "45 00 00 28 00 00 00 00 40 06 00 00 c0 00 02 08 c6 33 64 01 " TCP(SMTP, SYN),
		   "pass open");
	presence_put(*state, (struct rw_presence){0});
	harness_delete_in(*state, MAP_BANS, peer4);
}

static void a_banned_prefix_gets_nothing(void **state)
{
	struct rw_prefix_key key = {.prefixlen = 64};
	struct rw_ban ban = {.length = 1};

	memcpy(key.source, peer6, 8);
	harness_put(*state, MAP_BAN_PREFIXES, &key, &ban);
	presence_put(*state, (struct rw_presence){.ban_prefixes = 1});
	expect_hex(*state, FOR_ALL, &on_ext0, ETH6 IP6("00 14", "06", "40") TCP(SMTP, SYN),
		   "drop banned");
	expect_hex(*state, FOR_ALL, &on_ext0, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN),
		   "pass open");
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH6
		   "60 00 00 00 00 14 06 40 20 01 0d b8 00 00 00 01 00 00 00 00 00 00 00 09 " NODE6
			   TCP(SMTP, SYN),
		   "pass open"); /* the next /64 */
	/* What keeps the link alive is never filtered. */
	expect_hex(*state, FOR_ALL, &on_ext0,
		   ETH6 IP6("00 08", "3a", "ff") "87 00 00 00 00 00 00 00", "pass exempt");
	presence_put(*state, (struct rw_presence){0});
	assert_int_equal(
		bpf_map_delete_elem(((struct harness *)*state)->maps.fd[MAP_BAN_PREFIXES], &key),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socket_of_a_device_above_is_left_to_the_cgroup_hook),
		cmocka_unit_test(a_listening_socket_is_no_connection),
		cmocka_unit_test(an_ipv4_connection_lets_its_own_segments_in_and_no_others),
		cmocka_unit_test(an_ipv6_connection_lets_its_own_segments_in_and_no_others),
		cmocka_unit_test(a_syn_into_a_connection_is_a_new_connection),
		cmocka_unit_test(an_outgoing_connection_gets_its_answers),
		cmocka_unit_test(an_ipv4_connection_of_a_dual_stack_socket_is_found),
		cmocka_unit_test(an_opening_admits_its_source_to_its_port),
		cmocka_unit_test(an_opening_reaches_into_a_closed_zone),
		cmocka_unit_test(an_opening_is_over_when_its_time_is),
		cmocka_unit_test(bad_flags_do_not_pass_through_an_opening),
		cmocka_unit_test(a_banned_address_gets_nothing),
		cmocka_unit_test(a_banned_prefix_gets_nothing),
	};

	return cmocka_run_group_tests_name("state", tests, vectors_setup, harness_teardown);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* SYN cookies: every byte of an answer, who gets none, and which segments are strays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "util/cleanup.h"
#include "vectors.h"

#define PORT	    25 /* open to everybody; ssh is to internal and vpn */
#define CLIENT_PORT 40000
#define MSS4	    1300 /* as bpf/cookie_answer.bpf.h has them */
#define MSS6	    1220

#define TAGGED(tags, type) MACS tags type
/* Six words: with an MSS of 1460; and twelve bytes of options more. */
#define SYN_MSS(port)                                                                              \
	"9c 40 " port "  00 00 00 01  00 00 00 00  60 02 ff ff  00 00 00 00  02 04 05 b4 "
#define SYN_FULL(port)                                                                             \
	"9c 40 " port "  ff ff ff ff  00 00 00 00  a0 02 ff ff  00 00 00 00  02 04 05 b4  04 02 "  \
	"08 0a 00 00 00 05 00 00 00 00  01 03 03 07 "
#define SYN4	 ETH4 IP4("00 2c", "00 00", "06") SYN_MSS(SMTP)
#define SYN6	 ETH6 IP6("00 18", "06", "40") SYN_MSS(SMTP)
#define FULL4	 ETH4 IP4("00 3c", "40 00", "06") SYN_FULL(SMTP)
#define FULL6	 ETH6 IP6("00 28", "06", "40") SYN_FULL(SMTP)
#define SSH4	 ETH4 IP4("00 2c", "00 00", "06") SYN_MSS(SSH)
#define BARE4	 ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN)
#define ACK4	 ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, ACK)
#define ACK6	 ETH6 IP6("00 14", "06", "40") TCP(SMTP, ACK)
#define ACK_SSH4 ETH4 IP4("00 28", "00 00", "06") TCP(SSH, ACK)

static const uint8_t node4[16] = {[10] = 0xff, 0xff, 198, 51, 100, 1};
static const uint8_t node6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

static const enum entry wire[] = {ENTRY_XDP, ENTRY_FRAGS, ENTRY_TC};

/* --- a node that overflows -------------------------------------------------------------------- */

/* 2: always, whether or not the listening socket overflows. */
static void syncookies_put(const char *value)
{
	int fd = open("/proc/sys/net/ipv4/tcp_syncookies", O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, 1), 1);
	close(fd);
}

static int listen_at(uint16_t port)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int one = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static void own_put(const struct harness *harness, const uint8_t address[16], bool is_own)
{
	const uint32_t one = 1;

	if (is_own)
		harness_put(harness, MAP_OWN_ADDRESSES, address, &one);
	else
		bpf_map_delete_elem(harness->maps.fd[MAP_OWN_ADDRESSES], address);
}

static void answers_put(const struct harness *harness, const struct arrival *arrival,
			uint8_t answers)
{
	const struct rw_interface_key key = {.ifindex = arrival->ifindex};
	const struct rw_interface value = {.slot = arrival->slot, .answers = answers};

	harness_put(harness, MAP_INTERFACES, &key, &value);
}

/* No port overflows any more, as far as the programs know. */
static void overflows_forget(const struct harness *harness)
{
	const uint64_t never = 0;

	for (uint32_t i = 0; i < 1 << RW_OVERFLOW_BITS; i++)
		harness_put(harness, MAP_OVERFLOWS, &i, &never);
}

static int setup(void **state)
{
	if (vectors_setup(state))
		return -1;
	listen_at(PORT);
	listen_at(22);
	syncookies_put("2");
	return 0;
}

/* The state in which everything is answered. */
static struct harness *ready(void **state)
{
	struct harness *harness = *state;

	harness_need_device(harness);
	if (!harness->has_cookies) {
		print_message("SKIP: this kernel has no SYN cookies for programs\n");
		skip();
	}
	own_put(harness, node4, true);
	own_put(harness, node6, true);
	answers_put(harness, &on_ext0, RW_ANSWERS_SENT);
	answers_put(harness, &on_int0, RW_ANSWERS_SENT);
	overflows_forget(harness);
	return harness;
}

static struct rw_cookie_counter cookies_counted(const struct harness *harness)
{
	unsigned long long sum[3] = {0};

	assert_int_equal(map_sum(harness->maps.fd[MAP_COOKIE_COUNTER], 0,
				 sizeof(struct rw_cookie_counter), sum),
			 0);
	return (struct rw_cookie_counter){sum[0], sum[1], sum[2]};
}

/* The next SYN asks the kernel. */
static void asks(const struct harness *harness)
{
	_free_ struct rw_handshake *zeros = calloc(libbpf_num_possible_cpus(), sizeof(*zeros));
	const uint32_t zero = 0;

	assert_non_null(zeros);
	harness_put(harness, MAP_HANDSHAKES, &zero, zeros);
}

static bool is_answered(struct harness *harness, enum entry entry, const char *hex,
			struct frame *ret)
{
	_free_ struct frame *frame = frame_from_hex(hex);

	asks(harness);
	return harness_answer(harness, entry, &on_ext0, frame, ret);
}

static bool is_answered_anywhere(struct harness *harness, const char *hex)
{
	_free_ struct frame *answer = calloc(1, sizeof(*answer));
	bool answered = false;

	assert_non_null(answer);
	for (size_t i = 0; i < sizeof(wire) / sizeof(*wire); i++)
		answered |= is_answered(harness, wire[i], hex, answer);
	return answered;
}

/* --- what an answer has to be ------------------------------------------------------------------ */

static uint16_t read16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static uint32_t sum_of(const uint8_t *at, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i += 2)
		sum += read16(at + i);
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void check_ip4(const uint8_t *ip, size_t tcp_size)
{
	static const uint8_t head[] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6};
	static const uint8_t ends[] = {198, 51, 100, 1, 192, 0, 2, 9};
	uint8_t expected[sizeof(head)];

	memcpy(expected, head, sizeof(head));
	expected[3] = 20 + tcp_size;
	assert_memory_equal(ip, expected, sizeof(expected));
	assert_memory_equal(ip + 12, ends, sizeof(ends));
	assert_int_equal(folded(sum_of(ip, 20)), 0xffff);
	assert_int_equal(folded(sum_of(ip + 12, 8) + 6 + tcp_size + sum_of(ip + 20, tcp_size)),
			 0xffff);
}

static void check_ip6(const uint8_t *ip, size_t tcp_size)
{
	static const uint8_t head[] = {0x60, 0, 0, 0, 0, 0, 6, 64};
	uint8_t expected[sizeof(head)], peer[16];

	memcpy(expected, head, sizeof(head));
	expected[5] = tcp_size;
	memcpy(peer, node6, sizeof(peer));
	peer[15] = 9;
	assert_memory_equal(ip, expected, sizeof(expected));
	assert_memory_equal(ip + 8, node6, 16);
	assert_memory_equal(ip + 24, peer, 16);
	assert_int_equal(folded(sum_of(ip + 8, 32) + 6 + tcp_size + sum_of(ip + 40, tcp_size)),
			 0xffff);
}

static void check_tcp(const uint8_t *tcp, size_t size, uint16_t mss, uint32_t asked)
{
	assert_int_equal(read16(tcp), PORT);
	assert_int_equal(read16(tcp + 2), CLIENT_PORT);
	assert_int_equal(read32(tcp + 8), asked + 1);
	assert_int_equal(tcp[12], size / 4 << 4);
	assert_int_equal(tcp[13], 0x12); /* SYN, ACK */
	assert_int_equal(read16(tcp + 14), mss * 10);
	assert_int_equal(read16(tcp + 18), 0);
	if (size == 24)
		assert_int_equal(read32(tcp + 20), 0x02040000 | mss);
}

/* `link`: of the answer, up to the IP header; `hex` is what was asked. */
struct expected {
	const char *hex;
	const char *link;
	size_t tcp_size;
	uint16_t mss;
	uint32_t asked; /* sequence number */
};

static void check_answer(const struct expected *expected, const struct frame *answer, bool bare)
{
	_free_ struct frame *asked = frame_from_hex(expected->hex);
	_free_ struct frame *link = frame_from_hex(expected->link);
	size_t link_size = bare ? 0 : link->length, ip_size, length;
	bool ipv4 = answer->bytes[link_size] >> 4 == 4;

	ip_size = ipv4 ? 20 : 40;
	length = link_size + ip_size + expected->tcp_size;
	assert_memory_equal(answer->bytes, link->bytes, link_size);
	if (ipv4)
		check_ip4(answer->bytes + link_size, expected->tcp_size);
	else
		check_ip6(answer->bytes + link_size, expected->tcp_size);
	check_tcp(answer->bytes + link_size + ip_size, expected->tcp_size, expected->mss,
		  expected->asked);
	assert_true(answer->length >= length);
	/* What Ethernet pads it to anyway, and no more. */
	assert_true(answer->length == length || (!bare && answer->length <= 60));
	assert_true(answer->length <= asked->length - (bare ? 14 : 0));
}

static void expect_answer(void **state, const struct expected *expected)
{
	struct harness *harness = ready(state);
	_free_ struct frame *answer = calloc(1, sizeof(*answer));
	uint64_t before = cookies_counted(harness).sent;

	assert_non_null(answer);
	for (size_t i = 0; i < sizeof(wire) / sizeof(*wire); i++) {
		if (!is_answered(harness, wire[i], expected->hex, answer))
			fail_msg("%s does not answer", entry_name(wire[i]));
		check_answer(expected, answer, false);
	}
	assert_int_equal(cookies_counted(harness).sent, before + sizeof(wire) / sizeof(*wire));
	if (harness->has_frags) {
		assert_true(is_answered(harness, ENTRY_BARE, expected->hex, answer));
		check_answer(expected, answer, true);
	}
}

#define BACK "02 00 00 00 00 02  02 00 00 00 00 01 "

static void an_ipv4_syn_is_answered_byte_for_byte(void **state)
{
	expect_answer(state, &(struct expected){SYN4, BACK "08 00", 24, MSS4, 1});
}

static void an_ipv6_syn_is_answered_byte_for_byte(void **state)
{
	expect_answer(state, &(struct expected){SYN6, BACK "86 dd", 24, MSS6, 1});
}

/* No option but the MSS comes back: the kernel finds the others in time stamps of its own only. */
static void a_syn_with_all_options_is_answered_with_an_mss(void **state)
{
	expect_answer(state, &(struct expected){FULL4, BACK "08 00", 24, MSS4, 0xffffffff});
	expect_answer(state, &(struct expected){FULL6, BACK "86 dd", 24, MSS6, 0xffffffff});
}

static void a_syn_without_options_is_answered_without_any(void **state)
{
	expect_answer(state, &(struct expected){BARE4, BACK "08 00", 20, 536, 1});
}

static void an_mss_below_ours_comes_back(void **state)
{
	expect_answer(
		state,
		&(struct expected){ETH4 IP4("00 2c", "00 00",
					    "06") "9c 40 " SMTP
						  "  00 00 00 01  00 00 00 00  60 02 ff ff  00 00 "
						  "00 00  02 04 02 20 ",
				   BACK "08 00", 24, 536, 1});
}

static void what_the_syn_carries_is_cut_off(void **state)
{
	expect_answer(state, &(struct expected){ETH4 IP4("00 30", "00 00", "06")
							SYN_MSS(SMTP) "61 62 63 64",
						BACK "08 00", 24, MSS4, 1});
}

static void padding_is_not_answered_with_more(void **state)
{
	expect_answer(state, &(struct expected){SYN4 "00 00", BACK "08 00", 24, MSS4, 1});
	expect_answer(state, &(struct expected){FULL4 "00 00 00 00 00 00 00 00", BACK "08 00", 24,
						MSS4, 0xffffffff});
}

static void ip_options_and_extension_headers_are_left_out(void **state)
{
	expect_answer(state, &(struct expected){ETH4 "46 00 00 30 00 00 00 00 40 06 00 00 " HOSTS4
						     "01 01 01 01 " SYN_MSS(SMTP),
						BACK "08 00", 24, MSS4, 1});
	expect_answer(state,
		      &(struct expected){ETH6 IP6("00 20", "3c",
						  "40") "06 00 01 04 00 00 00 00 " SYN_MSS(SMTP),
					 BACK "86 dd", 24, MSS6, 1});
	/* Atomic fragments are whole packets. */
	expect_answer(state,
		      &(struct expected){ETH6 IP6("00 20", "2c",
						  "40") "06 00 00 00 00 00 00 01 " SYN_MSS(SMTP),
					 BACK "86 dd", 24, MSS6, 1});
}

/* XDP sees the tag in the frame; of tc's frames BPF_PROG_TEST_RUN leaves it there as well. */
static void vlan_tags_stay(void **state)
{
	struct harness *harness = ready(state);
	static const struct expected tagged[] = {
		{MACS "81 00 00 07 08 00 " IP4("00 2c", "00 00", "06") SYN_MSS(SMTP),
		 BACK "81 00 00 07 08 00", 24, MSS4, 1},
		{MACS "88 a8 00 09 81 00 00 07 86 dd " IP6("00 18", "06", "40") SYN_MSS(SMTP),
		 BACK "88 a8 00 09 81 00 00 07 86 dd", 24, MSS6, 1},
	};
	_free_ struct frame *answer = calloc(1, sizeof(*answer));

	assert_non_null(answer);
	for (size_t i = 0; i < sizeof(tagged) / sizeof(*tagged); i++) {
		assert_true(is_answered(harness, ENTRY_XDP, tagged[i].hex, answer));
		check_answer(&tagged[i], answer, false);
		assert_true(is_answered(harness, ENTRY_FRAGS, tagged[i].hex, answer));
		check_answer(&tagged[i], answer, false);
	}
}

/* --- who gets none ---------------------------------------------------------------------------- */

static void expect_none(void **state, const char *hex, const char *verdict)
{
	struct harness *harness = *state;

	assert_false(is_answered_anywhere(harness, hex));
	expect_hex(harness, FOR_ETHERNET, &on_ext0, hex, verdict);
}

static void a_closed_port_and_a_refused_zone_are_not_answered(void **state)
{
	ready(state);
	expect_none(state, ETH4 IP4("00 2c", "00 00", "06") SYN_MSS(CLOSED), "drop not-open");
	expect_none(state, SSH4, "drop zone-denied");
}

static void a_port_where_nobody_listens_is_left_to_the_stack(void **state)
{
	ready(state);
	/* 465 is open, and has no socket here. */
	expect_none(state, ETH4 IP4("00 2c", "00 00", "06") SYN_MSS("01 d1"), "pass open");
}

static void a_socket_that_does_not_overflow_answers_itself(void **state)
{
	ready(state);
	syncookies_put("1");
	expect_none(state, SYN4, "pass open");
	syncookies_put("0");
	expect_none(state, SYN4, "pass open");
	syncookies_put("2");
}

/* In peace one SYN of 16 asks; a flood is known from the first one that was answered. */
static void a_flood_is_known_after_a_few(void **state)
{
	struct harness *harness = ready(state);
	_free_ struct frame *frame = frame_from_hex(SYN4);
	_free_ struct frame *answer = calloc(1, sizeof(*answer));
	const uint64_t before = cookies_counted(harness).sent;

	assert_non_null(answer);
	syncookies_put("1");
	assert_false(is_answered(harness, ENTRY_XDP, SYN4, answer));
	syncookies_put("2");
	for (int i = 1; i < 16; i++)
		assert_false(harness_answer(harness, ENTRY_XDP, &on_ext0, frame, answer));
	for (int i = 0; i < 20; i++)
		assert_true(harness_answer(harness, ENTRY_XDP, &on_ext0, frame, answer));
	assert_int_equal(cookies_counted(harness).sent, before + 20);
}

static void another_host_s_address_is_not_answered_for(void **state)
{
	struct harness *harness = ready(state);

	own_put(harness, node4, false);
	expect_none(state, SYN4, "pass open");
	assert_true(is_answered_anywhere(harness, SYN6));
}

#define IP4_FROM(source) "45 00 00 2c 00 00 00 00 40 06 00 00 " source " c6 33 64 01 "
#define IP6_FROM(source) "60 00 00 00 00 18 06 40 " source NODE6
#define ZEROS		 "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "

/* The stack has no answer for them, and on the way of one nobody is who sent it. */
static void who_cannot_be_answered_is_not(void **state)
{
	static const char *const frames[] = {
		ETH4 IP4_FROM("00 00 00 00") SYN_MSS(SMTP),
		ETH4 IP4_FROM("7f 00 00 01") SYN_MSS(SMTP),
		ETH4 IP4_FROM("e0 00 00 01") SYN_MSS(SMTP),
		ETH4 IP4_FROM("ff ff ff ff") SYN_MSS(SMTP),
		ETH4 IP4_FROM("c6 33 64 01") SYN_MSS(SMTP), /* itself */
		ETH6 IP6_FROM(ZEROS "00") SYN_MSS(SMTP),
		ETH6 IP6_FROM(ZEROS "01") SYN_MSS(SMTP),
		ETH6 IP6_FROM("ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 01 ") SYN_MSS(SMTP),
		ETH6 IP6_FROM(NODE6) SYN_MSS(SMTP),
		/* To a group of Ethernet, and from one. */
		"ff ff ff ff ff ff 02 00 00 00 00 02 08 00 " IP4("00 2c", "00 00", "06")
			SYN_MSS(SMTP),
		"01 00 5e 00 00 01 02 00 00 00 00 02 08 00 " IP4("00 2c", "00 00", "06")
			SYN_MSS(SMTP),
		"02 00 00 00 00 01 ff ff ff ff ff ff 08 00 " IP4("00 2c", "00 00", "06")
			SYN_MSS(SMTP),
	};

	ready(state);
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		expect_none(state, frames[i], "pass open");
	assert_true(is_answered_anywhere(*state, ETH4 IP4_FROM("f0 00 00 01") SYN_MSS(SMTP)));
}

static void a_device_that_takes_no_xdp_tx_is_redirected_to(void **state)
{
	struct harness *harness = ready(state);

	answers_put(harness, &on_ext0, RW_ANSWERS_REDIRECT);
	assert_true(is_answered_anywhere(harness, SYN4));
}

static void an_interface_that_sends_nothing_back_passes_on(void **state)
{
	struct harness *harness = ready(state);

	answers_put(harness, &on_ext0, RW_ANSWERS_NONE);
	expect_hex(harness, FOR_XDP & FOR_ETHERNET, &on_ext0, SYN4, "pass open");
}

static void a_first_fragment_is_passed_on(void **state)
{
	ready(state);
	expect_none(state, ETH4 IP4("00 2c", "20 00", "06") SYN_MSS(SMTP), "pass open");
}

static void what_is_no_syn_is_not_answered(void **state)
{
	ready(state);
	expect_none(state, ACK4, "pass open");
	expect_none(state, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, "12"), "pass open");
	expect_none(state, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, "04"), "pass open");
	expect_none(state, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, "03"), "drop bad-flags");
}

static void a_banned_source_is_not_answered(void **state)
{
	static const struct rw_address peer = {{[10] = 0xff, 0xff, 192, 0, 2, 9}};
	struct rw_presence presence = {.bans = 1};
	struct harness *harness = ready(state);
	const struct rw_ban ban = {0};
	const uint32_t zero = 0;

	harness_put_in(harness, MAP_BANS, &peer, &ban);
	harness_put(harness, MAP_PRESENCE, &zero, &presence);
	expect_none(state, SYN4, "drop banned");
	presence.bans = 0;
	harness_put(harness, MAP_PRESENCE, &zero, &presence);
	harness_delete_in(harness, MAP_BANS, &peer);
	assert_true(is_answered_anywhere(harness, SYN4));
}

#define NODE(more)                                                                                 \
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","    \
	"  \"roles\": [\"mta\"], " more                                                            \
	", \"interfaces\": { \"ext0\": { \"zone\": \"external\" } } }"

/* Observe changes nothing. */
static void off_is_off_and_observe_answers_nobody(void **state)
{
	static const char *const nodes[] = {
		NODE("\"mode\": \"enforce\", \"syn_cookies\": \"off\""),
		NODE("\"mode\": \"observe\", \"syn_cookies\": \"auto\""),
	};
	struct harness *harness = ready(state);

	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		harness_apply(harness, nodes[i]);
		answers_put(harness, &on_ext0, RW_ANSWERS_SENT);
		expect_none(state, SYN4, "pass open");
	}
	harness_apply(harness, NODE("\"mode\": \"enforce\", \"syn_cookies\": \"auto\""));
	answers_put(harness, &on_ext0, RW_ANSWERS_SENT);
	assert_true(is_answered_anywhere(harness, SYN4));
	harness_apply(harness, vectors_node);
}

/* --- segments --------------------------------------------------------------------------------- */

#define FOR_COOKIES (1u << ENTRY_XDP | 1u << ENTRY_FRAGS | 1u << ENTRY_TC)

/* The ACK that a client sends for that answer. */
static void ack_make(const struct frame *answer, const char *hex, struct frame *ret)
{
	_free_ struct frame *frame = frame_from_hex(hex);
	size_t tcp = frame->length - 20;

	*ret = *frame;
	memcpy(ret->bytes + tcp + 4, answer->bytes + tcp + 8, 4);
	memcpy(ret->bytes + tcp + 8, answer->bytes + tcp + 4, 4);
	for (size_t i = tcp + 12; i-- > tcp + 8 && ++ret->bytes[i] == 0;)
		;
}

static void expect_segments(void **state, const char *syn, const char *ack)
{
	struct harness *harness = ready(state);
	_free_ struct frame *answer = calloc(1, sizeof(*answer));
	_free_ struct frame *honest = calloc(1, sizeof(*honest));
	struct rw_cookie_counter before, after;

	assert_true(answer && honest);
	/* Nothing overflows yet. */
	expect_hex(harness, FOR_COOKIES, &on_ext0, ack, "pass open");
	assert_true(is_answered(harness, ENTRY_XDP, syn, answer));
	before = cookies_counted(harness);
	expect_hex(harness, FOR_COOKIES, &on_ext0, ack, "drop no-connection");
	ack_make(answer, ack, honest);
	harness_expect(harness, FOR_COOKIES, &on_ext0, honest, "pass open");
	honest->bytes[honest->length - 12]++;
	harness_expect(harness, FOR_COOKIES, &on_ext0, honest, "drop no-connection");
	after = cookies_counted(harness);
	assert_int_equal(after.completed, before.completed + 3);
	assert_int_equal(after.refused, before.refused + 6);
	/* Another port does not overflow. */
	expect_hex(harness, FOR_COOKIES, &on_int0, ACK_SSH4, "pass open");
	overflows_forget(harness);
	expect_hex(harness, FOR_COOKIES, &on_ext0, ack, "pass open");
}

static void only_the_ack_of_a_cookie_passes_while_the_port_overflows(void **state)
{
	expect_segments(state, SYN4, ACK4);
	expect_segments(state, SYN6, ACK6);
}

static void a_reset_is_a_stray_too(void **state)
{
	struct harness *harness = ready(state);

	assert_true(is_answered_anywhere(harness, SYN4));
	expect_hex(harness, FOR_COOKIES, &on_ext0, ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, "04"),
		   "drop no-connection");
}

static void a_connection_goes_on_while_the_port_overflows(void **state)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(CLIENT_PORT)},
			   to = from;
	struct harness *harness = ready(state);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int one = 1;

	assert_int_equal(inet_pton(AF_INET, "192.0.2.9", &from.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET, "198.51.100.1", &to.sin_addr), 1);
	to.sin_port = htons(PORT);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_true(is_answered_anywhere(harness, SYN4));
	expect_hex(harness, FOR_COOKIES, &on_ext0, ACK4, "drop no-connection");
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	expect_hex(harness, FOR_COOKIES, &on_ext0, ACK4, "pass open");
	/* And a SYN into it is the stack's. */
	expect_none(state, SYN4, "pass open");
	close(fd);
}

/* Their sockets may be a bridge's or a VLAN's, above. */
static void nothing_is_known_of_segments_of_link_local_sources(void **state)
{
	struct harness *harness = ready(state);

	assert_true(is_answered_anywhere(harness, SYN6));
	expect_hex(harness, FOR_COOKIES, &on_ext0,
		   ETH6
		   "60 00 00 00 00 14 06 40 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 09 " NODE6
			   TCP(SMTP, ACK),
		   "pass open");
}

static void nothing_is_known_of_segments_for_other_hosts(void **state)
{
	struct harness *harness = ready(state);

	assert_true(is_answered_anywhere(harness, SYN4));
	own_put(harness, node4, false);
	expect_hex(harness, FOR_COOKIES, &on_ext0, ACK4, "pass open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_syn_is_answered_byte_for_byte),
		cmocka_unit_test(an_ipv6_syn_is_answered_byte_for_byte),
		cmocka_unit_test(a_syn_with_all_options_is_answered_with_an_mss),
		cmocka_unit_test(a_syn_without_options_is_answered_without_any),
		cmocka_unit_test(an_mss_below_ours_comes_back),
		cmocka_unit_test(what_the_syn_carries_is_cut_off),
		cmocka_unit_test(padding_is_not_answered_with_more),
		cmocka_unit_test(ip_options_and_extension_headers_are_left_out),
		cmocka_unit_test(vlan_tags_stay),
		cmocka_unit_test(a_closed_port_and_a_refused_zone_are_not_answered),
		cmocka_unit_test(a_port_where_nobody_listens_is_left_to_the_stack),
		cmocka_unit_test(a_socket_that_does_not_overflow_answers_itself),
		cmocka_unit_test(a_flood_is_known_after_a_few),
		cmocka_unit_test(another_host_s_address_is_not_answered_for),
		cmocka_unit_test(who_cannot_be_answered_is_not),
		cmocka_unit_test(a_device_that_takes_no_xdp_tx_is_redirected_to),
		cmocka_unit_test(an_interface_that_sends_nothing_back_passes_on),
		cmocka_unit_test(a_first_fragment_is_passed_on),
		cmocka_unit_test(what_is_no_syn_is_not_answered),
		cmocka_unit_test(a_banned_source_is_not_answered),
		cmocka_unit_test(off_is_off_and_observe_answers_nobody),
		cmocka_unit_test(only_the_ack_of_a_cookie_passes_while_the_port_overflows),
		cmocka_unit_test(a_reset_is_a_stray_too),
		cmocka_unit_test(nothing_is_known_of_segments_of_link_local_sources),
		cmocka_unit_test(nothing_is_known_of_segments_for_other_hosts),
		/* The last one: its connection lingers. */
		cmocka_unit_test(a_connection_goes_on_while_the_port_overflows),
	};

	return cmocka_run_group_tests_name("cookies", tests, setup, harness_teardown);
}

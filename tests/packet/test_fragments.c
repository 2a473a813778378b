/* SPDX-License-Identifier: GPL-2.0 */
/* Room for fragments: what completes gives it back, and no zone takes another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include <bpf/bpf.h>

#include "util/clock.h"
#include "util/cleanup.h"
#include "vectors.h"

#define IPV4_AT		ETHERNET_BYTES
#define BIG		1400 /* bytes of a fragment: 133 hold a third of a zone's room */
#define A_THIRD		(RW_FRAGMENT_ROOM / 3 / (BIG + 34 + RW_FRAGMENT_COST) + 1)
#define MORE		true
#define LAST		false
#define ICMP_ECHO	8
#define ICMPV6_ECHO	128
#define PIECES_MOST	5
#define PIECE_BYTES	64
#define PIECES_OF_TRICK 8
#define IPV4_OPTIONS	4

/* Where a fragment lies, and what is odd about it. */
struct piece {
	uint16_t start, length;
	bool more;
	bool wrong_sum, options, early_header, other_station;
};

#define AT(from, bytes, is_more, ...)                                                              \
	{                                                                                          \
		.start = (from), .length = (bytes), .more = (is_more), ##__VA_ARGS__               \
	}

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static void sum_put(uint8_t *ip, size_t size)
{
	uint32_t sum = 0;

	put16(ip + 10, 0);
	for (size_t i = 0; i < size; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
}

static struct frame *fragment4(uint16_t id, const struct piece *piece)
{
	size_t header = piece->options ? 20 + IPV4_OPTIONS : 20;
	struct frame *frame = frame_from_hex(ETH4 IP4("00 00", "00 00", "01"));
	uint8_t *ip = frame->bytes + IPV4_AT;

	ip[0] = 0x40 | header / 4;
	put16(ip + 2, header + piece->length);
	put16(ip + 4, id);
	put16(ip + 6, piece->start / 8 | (piece->more ? 0x2000 : 0));
	memset(ip + 20, 0, header - 20 + piece->length);
	sum_put(ip, header);
	ip[10] ^= piece->wrong_sum;
	frame->bytes[5] ^= piece->other_station;
	if (piece->start == 0)
		ip[header] = ICMP_ECHO;
	frame->length = IPV4_AT + header + piece->length;
	return frame;
}

static struct frame *fragment6(uint16_t id, const struct piece *piece)
{
	struct frame *frame = frame_from_hex(ETH6 IP6("00 00", "2c", "40"));
	uint8_t *ip = frame->bytes + IPV4_AT, *header = ip + 40;

	if (piece->early_header) {
		ip[6] = 60; /* destination options: one pad */
		memcpy(header, "\x2c\x00\x01\x04\x00\x00\x00\x00", 8);
		header += 8;
	}
	memset(header, 0, 8 + piece->length);
	header[0] = 58;
	put16(header + 2, piece->start | piece->more);
	put16(header + 6, id);
	if (piece->start == 0)
		header[8] = ICMPV6_ECHO;
	put16(ip + 4, header + 8 + piece->length - (ip + 40));
	frame->bytes[5] ^= piece->other_station;
	frame->length = header + 8 + piece->length - frame->bytes;
	return frame;
}

typedef struct frame *(*fragment_fn)(uint16_t id, const struct piece *piece);
static const fragment_fn families[] = {fragment4, fragment6};

/* --- what is held ----------------------------------------------------------------------------- */

static void rooms_clear(struct harness *harness)
{
	const struct rw_fragment_room room = {0};
	const struct rw_datagram datagram = {0};
	const uint64_t secret =
		0x5eed; /* the same in each run: so is who meets whom in the table */

	for (uint32_t i = 0; i < RW_FRAGMENT_ROOMS; i++)
		harness_put(harness, MAP_FRAGMENT_ROOMS, &i, &room);
	for (uint32_t i = 0; i < RW_DATAGRAMS; i++)
		harness_put(harness, MAP_DATAGRAMS, &i, &datagram);
	harness_put(harness, MAP_FRAGMENT_SECRET, &(uint32_t){0}, &secret);
}

/* Of both families and all zones. */
static uint32_t held(const struct harness *harness)
{
	struct rw_fragment_room room;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < RW_FRAGMENT_ROOMS; i++) {
		assert_int_equal(
			bpf_map_lookup_elem(harness->maps.fd[MAP_FRAGMENT_ROOMS], &i, &room), 0);
		for (size_t j = 0; j < RW_FRAGMENT_WINDOWS; j++)
			sum += room.windows[j].bytes;
	}
	return sum;
}

/* As if all of it had been charged so many windows ago. */
static void rooms_age(struct harness *harness, uint32_t windows)
{
	struct rw_fragment_room room;

	for (uint32_t i = 0; i < RW_FRAGMENT_ROOMS; i++) {
		assert_int_equal(
			bpf_map_lookup_elem(harness->maps.fd[MAP_FRAGMENT_ROOMS], &i, &room), 0);
		for (size_t j = 0; j < RW_FRAGMENT_WINDOWS; j++)
			room.windows[j].number -= windows;
		harness_put(harness, MAP_FRAGMENT_ROOMS, &i, &room);
	}
}

static bool passes(struct harness *harness, enum entry entry, fragment_fn make, uint16_t id,
		   const struct piece *piece)
{
	_free_ struct frame *frame = make(id, piece);

	return harness_run(harness, entry, &on_ext0, frame);
}

static void expect(struct harness *harness, const struct arrival *arrival, fragment_fn make,
		   uint16_t id, const struct piece *piece, const char *expected)
{
	_free_ struct frame *frame = make(id, piece);

	harness_expect(harness, 1u << ENTRY_XDP, arrival, frame, expected);
}

static const struct piece stray = {.start = 800, .length = BIG, .more = MORE};
static const struct piece first = {.start = 0, .length = BIG, .more = MORE};

/* `count` fragments of as many datagrams. */
static void flood(struct harness *harness, const struct arrival *arrival, fragment_fn make,
		  const struct piece *piece, unsigned int count)
{
	for (unsigned int id = 1; id <= count; id++) {
		_free_ struct frame *frame = make(id, piece);

		harness_run(harness, ENTRY_XDP, arrival, frame);
	}
}

/* --- orders ----------------------------------------------------------------------------------- */

/* The `number`th order of `count` things. */
static void order_make(unsigned int number, size_t count, size_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = number % (i + 1);

		memmove(ret + at + 1, ret + at, (i - at) * sizeof(*ret));
		ret[at] = i;
		number /= i + 1;
	}
}

static void datagram_send(struct harness *harness, enum entry entry, fragment_fn make,
			  unsigned int order, size_t count)
{
	size_t places[PIECES_MOST];

	order_make(order, count, places);
	for (size_t i = 0; i < count; i++) {
		struct piece piece = {
			.start = places[i] * PIECE_BYTES,
			.length = places[i] + 1 < count ? PIECE_BYTES : PIECE_BYTES - 3,
			.more = places[i] + 1 < count,
		};

		assert_true(passes(harness, entry, make, order + 1, &piece));
		assert_int_equal(held(harness) == 0, i + 1 == count);
	}
}

static void a_datagram_passes_in_every_order_and_gives_back_its_room(void **state)
{
	static const unsigned int orders[PIECES_MOST + 1] = {0, 0, 2, 6, 24, 120};

	for (size_t family = 0; family < 2; family++) {
		rooms_clear(*state);
		for (size_t count = 2; count <= PIECES_MOST; count++)
			for (unsigned int order = 0; order < orders[count]; order++)
				datagram_send(*state, order % 2 ? ENTRY_XDP_54 : ENTRY_XDP,
					      families[family], order, count);
		datagram_send(*state, ENTRY_FRAGS, families[family], 5, 3);
		datagram_send(*state, ENTRY_BARE, families[family], 5, 3);
	}
}

static void datagrams_between_each_other_give_back_their_room(void **state)
{
	rooms_clear(*state);
	for (uint16_t at = 0; at < 4; at++)
		for (uint16_t id = 1; id <= 30; id++) {
			struct piece piece = AT(at * 64, 64, at < 3);

			assert_true(passes(*state, ENTRY_XDP, fragment4, id, &piece));
			assert_true(passes(*state, ENTRY_XDP, fragment6, id, &piece));
		}
	assert_int_equal(held(*state), 0);
}

/* --- what looks complete and is not, in the kernel -------------------------------------------- */

struct trick {
	const char *name;
	struct piece pieces[PIECES_OF_TRICK]; /* one of zeros ends them */
	bool ipv4_only, ipv6_only;
};

static const struct trick tricks[] = {
	{.name = "a gap", .pieces = {AT(0, 64, MORE), AT(128, 64, LAST)}},
	{.name = "the first one is missing", .pieces = {AT(64, 64, MORE), AT(128, 64, LAST)}},
	{.name = "the last one is missing", .pieces = {AT(0, 64, MORE), AT(64, 64, MORE)}},
	{.name = "as many bytes as there should be",
	 .pieces = {AT(0, 64, MORE), AT(0, 64, MORE), AT(128, 64, LAST)}},
	{.name = "an overlap", .pieces = {AT(0, 64, MORE), AT(56, 64, MORE), AT(64, 64, LAST)}},
	{.name = "a piece inside another",
	 .pieces = {AT(0, 128, MORE), AT(64, 64, MORE), AT(128, 64, LAST)}},
	{.name = "two of each",
	 .pieces = {AT(0, 64, MORE), AT(0, 64, MORE), AT(64, 64, LAST), AT(64, 64, LAST)}},
	{.name = "two of the last before the first",
	 .pieces = {AT(64, 64, LAST), AT(64, 64, LAST), AT(0, 64, MORE), AT(0, 64, MORE)}},
	{.name = "two ends", .pieces = {AT(64, 64, LAST), AT(64, 32, LAST), AT(0, 64, MORE)}},
	{.name = "a length that no fragmenter makes",
	 .pieces = {AT(0, 61, MORE), AT(56, 64, LAST)}},
	{.name = "a header sum that is wrong",
	 .pieces = {AT(0, 64, MORE), AT(64, 64, LAST, .wrong_sum = true)},
	 .ipv4_only = true},
	{.name = "options, which may be wrong",
	 .pieces = {AT(0, 64, MORE), AT(64, 64, LAST, .options = true)},
	 .ipv4_only = true},
	{.name = "headers before the fragment header, which may be wrong",
	 .pieces = {AT(0, 64, MORE), AT(64, 64, LAST, .early_header = true)},
	 .ipv6_only = true},
	{.name = "a frame for another station",
	 .pieces = {AT(0, 64, MORE), AT(64, 64, LAST, .other_station = true)}},
};

static void trick_play(struct harness *harness, const struct trick *trick, fragment_fn make)
{
	uint32_t before = 0;

	rooms_clear(harness);
	for (size_t i = 0; i < PIECES_OF_TRICK; i++) {
		const struct piece *piece = &trick->pieces[i];

		if (!piece->length && !piece->more)
			break;
		assert_true(passes(harness, ENTRY_XDP, make, 1, piece));
		if (held(harness) <= before)
			fail_msg("%s: room was given back", trick->name);
		before = held(harness);
	}
}

static void what_the_kernel_does_not_complete_keeps_its_room(void **state)
{
	for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
		if (!tricks[i].ipv6_only)
			trick_play(*state, &tricks[i], fragment4);
		if (!tricks[i].ipv4_only)
			trick_play(*state, &tricks[i], fragment6);
	}
}

/*
 * Of a fragment without a byte the kernel gives up the datagram, and keeps only what comes behind.
 */
static void a_fragment_without_a_byte_pays_for_what_comes_behind(void **state)
{
	static const struct piece pieces[] = {AT(0, 64, MORE), AT(64, 0, MORE), AT(64, 64, LAST)};

	for (size_t family = 0; family < 2; family++) {
		rooms_clear(*state);
		for (size_t i = 0; i < 3; i++)
			assert_true(passes(*state, ENTRY_XDP, families[family], 1, &pieces[i]));
		assert_in_range(held(*state), RW_FRAGMENT_COST, RW_FRAGMENT_COST + 100);
	}
}

/* The kernel gives up a datagram after ipfrag_max_dist (64) others of its source. */
static void what_many_others_came_between_keeps_its_room(void **state)
{
	const struct piece begin = AT(0, 64, MORE), end = AT(64, 64, LAST);
	uint32_t before;

	rooms_clear(*state);
	assert_true(passes(*state, ENTRY_XDP, fragment4, 1, &begin));
	before = held(*state);
	for (uint16_t id = 2; id < 2 + RW_FRAGMENT_APART / 2; id++) {
		assert_true(passes(*state, ENTRY_XDP, fragment4, id, &begin));
		assert_true(passes(*state, ENTRY_XDP, fragment4, id, &end));
	}
	assert_int_equal(held(*state), before);
	assert_true(passes(*state, ENTRY_XDP, fragment4, 1, &end));
	assert_true(held(*state) > before);
}

/* --- floods ----------------------------------------------------------------------------------- */

static void a_flood_of_later_fragments_ends_at_a_third(void **state)
{
	for (size_t family = 0; family < 2; family++) {
		fragment_fn make = families[family], other = families[!family];

		rooms_clear(*state);
		flood(*state, &on_ext0, make, &stray, 2 * A_THIRD);
		assert_in_range(held(*state), RW_FRAGMENT_ROOM / 3,
				RW_FRAGMENT_ROOM / 3 + BIG + 100 + RW_FRAGMENT_COST);
		expect(*state, &on_ext0, make, 9999, &stray, "drop fragment-flood");
		/* The inside, the VPN and the other family have theirs, */
		expect(*state, &on_int0, make, 9999, &stray, "pass fragment-allowed");
		expect(*state, &on_vpn0, make, 9998, &stray, "pass fragment-allowed");
		expect(*state, &on_ext0, other, 9997, &stray, "pass fragment-allowed");
		/* and so has what comes first fragment first. */
		expect(*state, &on_ext0, make, 9996, &first, "pass icmp-allowed");
		expect(*state, &on_ext0, make, 9996, &(struct piece)AT(BIG, BIG, MORE),
		       "pass fragment-allowed");
		expect(*state, &on_ext0, make, 9996, &(struct piece)AT(2 * BIG, 100, LAST),
		       "pass fragment-allowed");
	}
}

/* An answer to what this node asked, and its second half. */
static void own_answer_expect(struct harness *harness, const char *begin, const char *end)
{
	_free_ struct frame *answer = fragment4(7777, &(struct piece)AT(0, BIG, MORE));
	_free_ struct frame *rest = fragment4(7777, &(struct piece)AT(BIG, 100, LAST));
	struct rw_conversation_key key = {.remote = {[10] = 0xff, 0xff, 192, 0, 2, 9},
					  .local = {[10] = 0xff, 0xff, 198, 51, 100, 1},
					  .remote_port = htons(53),
					  .local_port = htons(5353)};
	struct rw_conversation now = {.last = (uint64_t)clock_now(CLOCK_MONOTONIC)};
	uint8_t *ip = answer->bytes + IPV4_AT;

	harness_put(harness, MAP_CONVERSATIONS, &key, &now);
	memcpy(ip + 20, "\x00\x35\x14\xe9\x05\xe4\x00\x00", 8);
	ip[9] = 17;
	sum_put(ip, 20);
	rest->bytes[IPV4_AT + 9] = 17;
	sum_put(rest->bytes + IPV4_AT, 20);
	harness_expect(harness, 1u << ENTRY_XDP, &on_ext0, answer, begin);
	harness_expect(harness, 1u << ENTRY_XDP, &on_ext0, rest, end);
	assert_int_equal(bpf_map_delete_elem(harness->maps.fd[MAP_CONVERSATIONS], &key), 0);
}

static void a_flood_of_first_fragments_leaves_room_for_own_answers(void **state)
{
	rooms_clear(*state);
	expect(*state, &on_ext0, fragment4, 9995, &first, "pass icmp-allowed");
	flood(*state, &on_ext0, fragment4, &first, 3 * A_THIRD);
	assert_in_range(held(*state), 2 * (RW_FRAGMENT_ROOM / 3),
			2 * (RW_FRAGMENT_ROOM / 3) + BIG + 100 + RW_FRAGMENT_COST);
	expect(*state, &on_ext0, fragment4, 9999, &first, "drop fragment-flood");
	expect(*state, &on_ext0, fragment4, 9999, &stray, "drop fragment-flood");
	expect(*state, &on_ext0, fragment4, 9995, &(struct piece)AT(BIG, 100, LAST),
	       "drop fragment-flood");
	expect(*state, &on_int0, fragment4, 9999, &first, "pass icmp-allowed");
	own_answer_expect(*state, "pass established", "pass fragment-allowed");
}

static void a_zone_never_has_more_than_its_room(void **state)
{
	rooms_clear(*state);
	flood(*state, &on_ext0, fragment4, &first, 3 * A_THIRD);
	for (uint32_t i = 0; i < RW_FRAGMENT_WINDOWS; i++) {
		struct rw_fragment_room room;
		uint32_t external = 0;

		assert_int_equal(
			bpf_map_lookup_elem(((struct harness *)*state)->maps.fd[MAP_FRAGMENT_ROOMS],
					    &external, &room),
			0);
		room.windows[i].bytes += RW_FRAGMENT_ROOM / 3;
		harness_put(*state, MAP_FRAGMENT_ROOMS, &external, &room);
	}
	own_answer_expect(*state, "drop fragment-flood", "drop fragment-flood");
	expect(*state, &on_vpn0, fragment4, 9999, &first, "pass icmp-allowed");
}

static void room_comes_back_when_the_kernel_has_given_up(void **state)
{
	rooms_clear(*state);
	flood(*state, &on_ext0, fragment4, &stray, 2 * A_THIRD);
	rooms_age(*state, RW_FRAGMENT_WINDOWS - 2); /* 20 s: the test may cross a window itself */
	expect(*state, &on_ext0, fragment4, 9999, &stray, "drop fragment-flood");
	rooms_age(*state, 2);
	expect(*state, &on_ext0, fragment4, 9999, &stray, "pass fragment-allowed");
}

static void where_packets_are_whole_nothing_is_held(void **state)
{
	_free_ struct frame *frame = fragment4(9999, &stray);

	rooms_clear(*state);
	flood(*state, &on_ext0, fragment4, &stray, 2 * A_THIRD);
	harness_expect(*state, FOR_CGROUP, &on_ext0, frame, "pass fragment-allowed");
}

static void what_is_dropped_for_another_reason_takes_no_room(void **state)
{
	rooms_clear(*state);
	expect_hex(*state, FOR_WIRE, &on_ext0, ETH4 IP4("00 28", "20 00", "06") TCP(CLOSED, SYN),
		   "drop not-open");
	assert_int_equal(held(*state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_passes_in_every_order_and_gives_back_its_room),
		cmocka_unit_test(datagrams_between_each_other_give_back_their_room),
		cmocka_unit_test(what_the_kernel_does_not_complete_keeps_its_room),
		cmocka_unit_test(a_fragment_without_a_byte_pays_for_what_comes_behind),
		cmocka_unit_test(what_many_others_came_between_keeps_its_room),
		cmocka_unit_test(a_flood_of_later_fragments_ends_at_a_third),
		cmocka_unit_test(a_flood_of_first_fragments_leaves_room_for_own_answers),
		cmocka_unit_test(a_zone_never_has_more_than_its_room),
		cmocka_unit_test(room_comes_back_when_the_kernel_has_given_up),
		cmocka_unit_test(where_packets_are_whole_nothing_is_held),
		cmocka_unit_test(what_is_dropped_for_another_reason_takes_no_room),
	};

	return cmocka_run_group_tests_name("fragments", tests, vectors_setup, harness_teardown);
}

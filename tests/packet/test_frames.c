/* SPDX-License-Identifier: GPL-2.0 */
/* Jumbo frames: more bytes than a page, so that the kernel hands over several buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "vectors.h"

#define JUMBO	     (ETHERNET_BYTES + 9000)
#define IN_SEVERAL   (1u << ENTRY_FRAGS | 1u << ENTRY_BARE)
#define TOTAL_9000   "23 28" /* IPv4 total length: all of a jumbo frame */
#define PAYLOAD_8960 "23 00" /* IPv6 payload length: the same */

static void need_frags(const struct harness *harness)
{
	if (harness->has_frags)
		return;
	print_message("SKIP: this kernel has no XDP programs for frames in several buffers\n");
	skip();
}

static void expect_jumbo(struct harness *harness, size_t length, const char *hex,
			 const char *expected)
{
	_free_ struct frame *frame = NULL;

	need_frags(harness);
	frame = frame_from_hex(hex);
	frame->length = length;
	harness_expect(harness, IN_SEVERAL, &on_ext0, frame, expected);
}

static void a_jumbo_frame_is_judged_by_its_port(void **state)
{
	expect_jumbo(*state, JUMBO, ETH4 IP4(TOTAL_9000, "00 00", "06") TCP(SMTP, SYN),
		     "pass open");
	expect_jumbo(*state, JUMBO, ETH4 IP4(TOTAL_9000, "00 00", "06") TCP(CLOSED, SYN),
		     "drop not-open");
	expect_jumbo(*state, JUMBO, ETH6 IP6(PAYLOAD_8960, "06", "40") TCP(SMTP, SYN), "pass open");
	expect_jumbo(*state, JUMBO, ETH6 IP6(PAYLOAD_8960, "06", "40") TCP(CLOSED, SYN),
		     "drop not-open");
}

static void the_stated_length_is_measured_against_all_buffers(void **state)
{
	expect_jumbo(*state, JUMBO - 1, ETH4 IP4(TOTAL_9000, "00 00", "06") TCP(SMTP, SYN),
		     "drop malformed");
	expect_jumbo(*state, JUMBO + 1, ETH4 IP4(TOTAL_9000, "00 00", "06") TCP(SMTP, SYN),
		     "pass open");
	expect_jumbo(*state, JUMBO - 1, ETH6 IP6(PAYLOAD_8960, "06", "40") TCP(SMTP, SYN),
		     "drop malformed");
	expect_jumbo(*state, JUMBO + 1, ETH6 IP6(PAYLOAD_8960, "06", "40") TCP(SMTP, SYN),
		     "pass open");
}

/* 8980 bytes behind the IPv4 header, 8960 behind the IPv6 header. */
static void udp_lengths_are_measured_against_the_whole_packet(void **state)
{
	expect_jumbo(*state, JUMBO,
		     ETH4 IP4(TOTAL_9000, "00 00", "11") UDP("12 34", GOSSIP, "23 14"),
		     "drop zone-denied");
	expect_jumbo(*state, JUMBO,
		     ETH4 IP4(TOTAL_9000, "00 00", "11") UDP("12 34", GOSSIP, "23 15"),
		     "drop malformed");
	expect_jumbo(*state, JUMBO,
		     ETH6 IP6(PAYLOAD_8960, "11", "40") UDP("12 34", GOSSIP, "23 00"),
		     "drop zone-denied");
	expect_jumbo(*state, JUMBO,
		     ETH6 IP6(PAYLOAD_8960, "11", "40") UDP("12 34", GOSSIP, "23 01"),
		     "drop malformed");
}

/* 8,980 bytes at offset 56,552 (7,069 units of 8) end before 65,535, at 56,560 behind it. */
static void a_jumbo_fragment_beyond_64_kib_is_malformed(void **state)
{
	expect_jumbo(*state, JUMBO, ETH4 IP4(TOTAL_9000, "1b 9d", "11"), "pass fragment-allowed");
	expect_jumbo(*state, JUMBO, ETH4 IP4(TOTAL_9000, "1b 9e", "11"), "drop malformed");
}

static void the_largest_packet_fits(void **state)
{
	expect_jumbo(*state, ETHERNET_BYTES + 65535,
		     ETH4 IP4("ff ff", "00 00", "06") TCP(SMTP, SYN), "pass open");
	expect_jumbo(*state, ETHERNET_BYTES + 65535,
		     ETH4 IP4("ff ff", "00 00", "06") TCP(CLOSED, SYN), "drop not-open");
}

/* Nobody sends headers of more than a page; what cannot be read does not get in. */
static void headers_that_reach_into_the_second_buffer_do_not_get_in(void **state)
{
	_free_ struct frame *frame = NULL;
	size_t at = ETHERNET_BYTES + 40, i;

	need_frags(*state);
	frame = frame_from_hex(ETH6 IP6(PAYLOAD_8960, "3c", "40"));
	frame->length = JUMBO;
	for (i = 0; i < 4; i++, at += 2048) {
		frame->bytes[at] = i < 3 ? 0x3c : 0x06;
		frame->bytes[at + 1] = 255;
	}
	memcpy(frame->bytes + at, "\x9c\x40\x00\x19\0\0\0\1\0\0\0\0\x50\x02\xff\xff", 16);
	harness_expect(*state, IN_SEVERAL, &on_ext0, frame, "drop malformed");
}

static void all_bytes_of_a_jumbo_frame_are_counted(void **state)
{
	_free_ struct frame *frame = NULL;
	struct harness *harness = *state;
	unsigned long long before[2] = {0}, after[2] = {0};

	need_frags(harness);
	frame = frame_from_hex(ETH4 IP4(TOTAL_9000, "00 00", "06") TCP(CLOSED, SYN));
	frame->length = JUMBO;
	assert_int_equal(map_sum(harness->maps.fd[MAP_REASON_COUNTERS], RW_REASON_NOT_OPEN,
				 sizeof(before), before),
			 0);
	harness_repeat(harness, ENTRY_FRAGS, &on_ext0, frame, 3);
	assert_int_equal(map_sum(harness->maps.fd[MAP_REASON_COUNTERS], RW_REASON_NOT_OPEN,
				 sizeof(after), after),
			 0);
	assert_int_equal(after[0] - before[0], 3);
	assert_int_equal(after[1] - before[1], 3 * JUMBO);
}

static int setup(void **state)
{
	if (harness_setup(state))
		return -1;
	harness_apply(*state, vectors_node);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jumbo_frame_is_judged_by_its_port),
		cmocka_unit_test(the_stated_length_is_measured_against_all_buffers),
		cmocka_unit_test(udp_lengths_are_measured_against_the_whole_packet),
		cmocka_unit_test(a_jumbo_fragment_beyond_64_kib_is_malformed),
		cmocka_unit_test(the_largest_packet_fits),
		cmocka_unit_test(headers_that_reach_into_the_second_buffer_do_not_get_in),
		cmocka_unit_test(all_bytes_of_a_jumbo_frame_are_counted),
	};

	return cmocka_run_group_tests_name("frames", tests, setup, harness_teardown);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses and prefixes as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/cidr.h"
#include "policy/cidr_set.h"
#include "util/array.h"

static void text_survives_the_round_trip(void **state)
{
	static const struct {
		const char *text, *canonical;
		uint8_t length;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7", 128},
		{"192.0.2.7/32", "192.0.2.7", 128},
		{"192.0.2.0/24", "192.0.2.0/24", 120},
		{"0.0.0.0/0", "0.0.0.0/0", 96},
		{"128.0.0.0/1", "128.0.0.0/1", 97},
		{"::/0", "::/0", 0},
		{"::", "::", 128},
		{"::1", "::1", 128},
		{"2001:0DB8::/32", "2001:db8::/32", 32},
		{"2001:db8:8000::/33", "2001:db8:8000::/33", 33},
		{"::/80", "::/80", 80},
		{"::fffe:0:0/95", "::fffe:0:0/95", 95},
		{"2001:db8::192.0.2.1", "2001:db8::c000:201", 128},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[CIDR_TEXT_MAX];
		struct cidr cidr;

		assert_int_equal(cidr_parse(cases[i].text, &cidr, NULL), 0);
		assert_int_equal(cidr.length, cases[i].length);
		cidr_format(cidr.source, cidr.length, text);
		assert_string_equal(text, cases[i].canonical);
	}
}

static void ipv4_stands_as_mapped(void **state)
{
	static const uint8_t wanted[16] = {[10] = 0xff, 0xff, 192, 0, 2, 7};
	struct cidr cidr;

	assert_int_equal(cidr_parse("192.0.2.7", &cidr, NULL), 0);
	assert_memory_equal(cidr.source, wanted, sizeof(wanted));
}

static void wrong_text_is_refused_and_leaves_the_result(void **state)
{
	static const char *const wrong[] = {
		"",
		"/",
		"/24",
		"192.0.2",
		"192.0.2.1.1",
		"192.0.2.256",
		" 192.0.2.1",
		"192.0.2.1 ",
		"192.0.2.0/-1",
		"192.0.2.0/33",
		"192.0.2.0/024",
		"192.0.2.0/24/24",
		"192.0.2.0/99999999999999999999",
		"192.0.2.1/24",
		"1.0.0.0/0",
		"2001:db8::/129",
		"2001:db8::1/127",
		"8000::/0",
		"::ffff:192.0.2.1",
		"::ffff:192.0.2.0/120",
		"::ffff:c000:0201",
		"::fffe:0:0/94",
		"fe80::1%eth0",
		"[::1]",
		"0x7f.0.0.1",
		"localhost",
		"2001:db8:1111:2222:3333:4444:5555:6666:7777",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct cidr cidr = {.length = 77};
		struct error error = {0};

		assert_int_equal(cidr_parse(wrong[i], &cidr, &error), -EINVAL);
		assert_int_equal(cidr.length, 77);
		assert_true(error.what[0] && error.hint[0]);
	}
}

static void hint_has_the_corrected_prefix(void **state)
{
	struct error error = {0};
	struct cidr cidr;

	assert_int_equal(cidr_parse("10.255.255.255/9", &cidr, &error), -EINVAL);
	assert_string_equal(error.hint, "did you mean \"10.128.0.0/9\"?");
	assert_int_equal(cidr_parse("2001:db8:ffff::1/33", &cidr, &error), -EINVAL);
	assert_string_equal(error.hint, "did you mean \"2001:db8:8000::/33\"?");
}

/* Few bits that differ, so that prefixes meet, contain each other and are the same. */
static struct cidr cidr_random(void)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct cidr cidr = {0};
	bool ipv4 = random() % 2;

	if (ipv4)
		memcpy(cidr.source, mapped, sizeof(mapped));
	cidr.source[ipv4 ? 12 : 0] = random() % 4 << 6;
	cidr.source[15] = random() % 4;
	cidr.length = ipv4 ? 96 + random() % 33 : random() % 4 ? random() % 8 : random() % 129;
	cidr_cut(&cidr);
	return cidr;
}

static void assert_found_as_by_hand(struct cidr_set *set, const struct cidr *cidr)
{
	const struct cidr_item *found = cidr_set_find(set, cidr);
	bool overlaps = false;

	for (size_t i = 0; i < set->count; i++)
		overlaps = overlaps || cidr_overlaps(&set->list[i].cidr, cidr);
	assert_int_equal(found != NULL, overlaps);
	if (found)
		assert_true(cidr_overlaps(&found->cidr, cidr));
}

static void a_set_finds_what_a_search_by_hand_finds(void **state)
{
	srandom(7);
	for (unsigned int round = 0; round < 3000; round++) {
		struct cidr_set set = {0};

		for (long i = random() % 12; i > 0; i--) {
			const struct cidr cidr = cidr_random();

			assert_int_equal(cidr_set_add(&set, &cidr, i), 0);
		}
		cidr_set_finish(&set);
		for (unsigned int i = 0; i < 20; i++) {
			const struct cidr asked = cidr_random();

			assert_found_as_by_hand(&set, &asked);
		}
		cidr_set_free(&set);
	}
}

static void of_the_same_prefix_the_lowest_tag_stays(void **state)
{
	struct cidr_set set = {0};
	struct cidr cidr;

	assert_int_equal(cidr_parse("192.0.2.0/24", &cidr, NULL), 0);
	for (uint32_t tag = 3; tag > 0; tag--)
		assert_int_equal(cidr_set_add(&set, &cidr, tag), 0);
	cidr_set_finish(&set);
	assert_int_equal(set.count, 1);
	assert_int_equal(cidr_set_find(&set, &cidr)->tag, 1);
	cidr_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_survives_the_round_trip),
		cmocka_unit_test(ipv4_stands_as_mapped),
		cmocka_unit_test(wrong_text_is_refused_and_leaves_the_result),
		cmocka_unit_test(hint_has_the_corrected_prefix),
		cmocka_unit_test(a_set_finds_what_a_search_by_hand_finds),
		cmocka_unit_test(of_the_same_prefix_the_lowest_tag_stays),
	};

	return cmocka_run_group_tests_name("policy cidr", tests, NULL, NULL);
}

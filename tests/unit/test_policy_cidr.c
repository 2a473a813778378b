/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses and prefixes as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/cidr.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_survives_the_round_trip),
		cmocka_unit_test(ipv4_stands_as_mapped),
		cmocka_unit_test(wrong_text_is_refused_and_leaves_the_result),
		cmocka_unit_test(hint_has_the_corrected_prefix),
	};

	return cmocka_run_group_tests_name("policy cidr", tests, NULL, NULL);
}

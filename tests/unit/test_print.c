/* SPDX-License-Identifier: GPL-2.0 */
/* test_print.c - what the command line reads and writes as text: times, ports, zones, filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rolewall/abi.h>

#include "cli/print.h"
#include "report/filter.h"
#include "util/reason.h"
#include "util/since.h"

#define SECOND 1000000000LL
#define NOW    (1764000000LL * SECOND) /* 2025-11-24T16:00:00Z */

static void zone_set(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* --- output ----------------------------------------------------------------------------------- */

static void time_is_rfc3339_with_the_local_offset(void **state)
{
	char text[TIME_TEXT_MAX];

	zone_set("UTC0");
	assert_string_equal(time_text(1764000000, text), "2025-11-24T16:00:00+00:00");
	zone_set("WIB-7");
	assert_string_equal(time_text(1764000000, text), "2025-11-24T23:00:00+07:00");
	zone_set("NST3:30");
	assert_string_equal(time_text(1764000000, text), "2025-11-24T12:30:00-03:30");
	assert_string_equal(time_text_ns(NOW + 7999999, text), "2025-11-24T12:30:00.007-03:30");
}

static void port_range_shows_both_ends_and_a_single_port_one(void **state)
{
	char text[PORTS_TEXT_MAX];

	assert_string_equal(ports_text(25, 25, text), "25");
	assert_string_equal(ports_text(20000, 65535, text), "20000-65535");
}

static void zones_are_named_in_one_order(void **state)
{
	char text[ZONES_TEXT_MAX];
	json_t *zones;

	assert_string_equal(zones_text(0, text), "none");
	assert_string_equal(zones_text(RW_ZONE_VPN | RW_ZONE_INTERNAL, text), "internal,vpn");
	assert_string_equal(zones_text(RW_ZONE_ALL | RW_ZONE_MANAGEMENT, text),
			    "external,internal,vpn,management");
	zones = json_zones(RW_ZONE_INTERNAL | RW_ZONE_MANAGEMENT);
	assert_int_equal(json_array_size(zones), 2);
	assert_string_equal(json_string_value(json_array_get(zones, 1)), "management");
	json_decref(zones);
}

static void flags_are_named_as_in_the_node_file(void **state)
{
	assert_string_equal(mode_word(0), "observe");
	assert_string_equal(mode_word(0xff), "enforce");
	assert_string_equal(bind_guard_word(RW_POLICY_ENFORCE), "off");
	assert_string_equal(bind_guard_word(RW_POLICY_BIND_OBSERVE), "observe");
	assert_string_equal(bind_guard_word(RW_POLICY_BIND_OBSERVE | RW_POLICY_BIND_DENY), "deny");
}

static void text_that_is_not_utf8_still_becomes_json(void **state)
{
	json_t *text = json_clean("a\xff"
				  "b");

	assert_string_equal(json_string_value(text), "a?b");
	json_decref(text);
	text = json_clean("h\xc3\xa9");
	assert_string_equal(json_string_value(text), "h\xc3\xa9");
	json_decref(text);
	assert_true(json_is_null(json_clean("")));
	assert_true(json_is_null(json_clean(NULL)));
}

static void every_reason_has_one_name_and_one_side(void **state)
{
	assert_string_equal(reason_name(RW_REASON_ZONE_DENIED), "zone-denied");
	assert_int_equal(reason_from_name("zone-denied"), RW_REASON_ZONE_DENIED);
	assert_int_equal(reason_from_name("zone"), RW_REASON_NONE);
	assert_null(reason_name(RW_REASON_NONE));
	assert_null(reason_name(RW_REASON_COUNT));
	assert_true(reason_is_drop(RW_REASON_NO_POLICY));
	assert_false(reason_is_drop(RW_REASON_OPEN));
	assert_false(reason_is_drop(RW_REASON_NONE));
	assert_false(reason_is_drop(1000));
}

/* --- points in time --------------------------------------------------------------------------- */

static void assert_since(const char *text, int64_t expected)
{
	int64_t found = -1;

	if (!since_parse(text, NOW, &found))
		fail_msg("\"%s\" was refused", text);
	assert_int_equal(found, expected);
}

static void duration_counts_back_from_now(void **state)
{
	assert_since("90s", NOW - 90 * SECOND);
	assert_since("10m", NOW - 600 * SECOND);
	assert_since("2h", NOW - 7200 * SECOND);
	assert_since("1d", NOW - 86400 * SECOND);
	assert_since("1h30m", NOW - 5400 * SECOND);
}

static void date_with_offset_means_the_same_everywhere(void **state)
{
	zone_set("WIB-7");
	assert_since("2025-11-24T16:00:00Z", NOW);
	assert_since("2025-11-24T23:00:00+07:00", NOW);
	assert_since("2025-11-24t12:30:00.5-03:30", NOW + SECOND / 2);
}

/* Far off is not long ago, nor the other way round. */
static void what_no_clock_can_say_is_as_far_as_it_can(void **state)
{
	assert_since("9999-01-01T00:00:00Z", INT64_MAX);
	assert_since("1111-01-01T00:00:00Z", INT64_MIN);
	assert_since("365000d", NOW - INT64_MAX);
}

static void date_without_offset_is_local(void **state)
{
	zone_set("WIB-7");
	assert_since("2025-11-24T23:00:00", NOW);
	assert_since("2025-11-24 23:00:00", NOW);
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"m",
		"10",
		"10x",
		"-5m",
		"5m!",
		" 5m",
		"99999999999d",
		"999999999d",
		"1e3s",
		"2025-11-24",
		"2025-13-24T00:00:00Z",
		"2025-11-24T16:00",
		"2025-11-24T16:00:00+7",
		"2025-11-24T16:00:00+24:00",
		"2025-11-24T16:00:00Zulu",
		"2025-11-24T16:00:00 07:00",
	};
	int64_t found;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (since_parse(wrong[i], NOW, &found))
			fail_msg("\"%s\" was taken for a time", wrong[i]);
}

/* --- filters ---------------------------------------------------------------------------------- */

static struct rw_attempt attempt_from(const char *source)
{
	struct rw_attempt record = {
		.port = 6071, .l4 = IPPROTO_TCP, .reason = RW_REASON_ZONE_DENIED, .packets = 1};
	struct cidr cidr;

	assert_int_equal(cidr_parse(source, &cidr, NULL), 0);
	memcpy(record.source, cidr.source, sizeof(record.source));
	return record;
}

static bool is_shown(const struct filter_words *words, const char *source, int64_t last)
{
	struct rw_attempt record = attempt_from(source);
	struct filter filter;

	assert_int_equal(filter_parse(words, NOW, &filter, NULL), 0);
	return filter_matches(&filter, &record, NULL, last);
}

static void no_filter_shows_everything(void **state)
{
	assert_true(is_shown(&(struct filter_words){0}, "203.0.113.5", 1));
	assert_true(is_shown(&(struct filter_words){0}, "2001:db8::1", 0));
}

static void source_filter_knows_prefix_and_family(void **state)
{
	const struct filter_words v4 = {.source = "203.0.113.0/24"}, all4 = {.source = "0.0.0.0/0"},
				  all6 = {.source = "::/0"};

	assert_true(is_shown(&v4, "203.0.113.5", 1));
	assert_false(is_shown(&v4, "203.0.114.5", 1));
	assert_false(is_shown(&v4, "2001:db8::1", 1));
	assert_true(is_shown(&all4, "203.0.113.5", 1));
	assert_false(is_shown(&all4, "2001:db8::1", 1));
	assert_true(is_shown(&all6, "2001:db8::1", 1));
	assert_false(is_shown(&all6, "203.0.113.5", 1));
}

static void port_and_reason_filter(void **state)
{
	assert_true(is_shown(&(struct filter_words){.port = "6071"}, "203.0.113.5", 1));
	assert_false(is_shown(&(struct filter_words){.port = "607"}, "203.0.113.5", 1));
	assert_false(is_shown(&(struct filter_words){.port = "0"}, "203.0.113.5", 1));
	assert_true(is_shown(&(struct filter_words){.reason = "zone-denied"}, "203.0.113.5", 1));
	assert_false(is_shown(&(struct filter_words){.reason = "not-open"}, "203.0.113.5", 1));
}

static void since_hides_what_is_older_but_not_what_has_no_time(void **state)
{
	const struct filter_words words = {.since = "1m"};

	assert_true(is_shown(&words, "203.0.113.5", NOW - 60 * SECOND));
	assert_false(is_shown(&words, "203.0.113.5", NOW - 60 * SECOND - 1));
	assert_true(is_shown(&words, "203.0.113.5", 0));
}

static void assert_refused(const struct filter_words *words, const char *hint)
{
	struct filter filter;
	struct error error = {0};

	assert_int_equal(filter_parse(words, NOW, &filter, &error), -EINVAL);
	assert_non_null(strstr(error.hint, hint));
}

static void wrong_filter_is_refused_with_the_next_step(void **state)
{
	assert_refused(&(struct filter_words){.reason = "zone-denid"},
		       "did you mean \"zone-denied\"?");
	assert_refused(&(struct filter_words){.reason = "weather"}, "not-open, zone-denied");
	/* Passing is no reason to be blocked. */
	assert_refused(&(struct filter_words){.reason = "established"}, "the reasons are");
	assert_refused(&(struct filter_words){.source = "10.0.0.1/8"}, "10.0.0.0/8");
	assert_refused(&(struct filter_words){.since = "soon"}, "10m");
	assert_refused(&(struct filter_words){.port = "65536"}, "");
	assert_refused(&(struct filter_words){.port = "+25"}, "");
	assert_refused(&(struct filter_words){.port = "smtp"}, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_rfc3339_with_the_local_offset),
		cmocka_unit_test(port_range_shows_both_ends_and_a_single_port_one),
		cmocka_unit_test(zones_are_named_in_one_order),
		cmocka_unit_test(flags_are_named_as_in_the_node_file),
		cmocka_unit_test(text_that_is_not_utf8_still_becomes_json),
		cmocka_unit_test(every_reason_has_one_name_and_one_side),
		cmocka_unit_test(duration_counts_back_from_now),
		cmocka_unit_test(date_with_offset_means_the_same_everywhere),
		cmocka_unit_test(what_no_clock_can_say_is_as_far_as_it_can),
		cmocka_unit_test(date_without_offset_is_local),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(no_filter_shows_everything),
		cmocka_unit_test(source_filter_knows_prefix_and_family),
		cmocka_unit_test(port_and_reason_filter),
		cmocka_unit_test(since_hides_what_is_older_but_not_what_has_no_time),
		cmocka_unit_test(wrong_filter_is_refused_with_the_next_step),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}

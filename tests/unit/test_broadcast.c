/* SPDX-License-Identifier: GPL-2.0 */
/* What all subscribers are told: the newest, once; and which of a million bans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/broadcast.h"
#include "daemon/lists_line.h"
#include "report/feed.h"
#include "util/since.h"

static void tell(struct broadcast *broadcast, int number, bool again)
{
	json_t *object = json_pack("{s:i}", "n", number);

	broadcast_tell(broadcast, object, again);
	json_decref(object);
}

static void what_has_not_changed_is_told_once(void **state)
{
	struct broadcast broadcast = {0};

	(void)state;
	tell(&broadcast, 1, false);
	assert_int_equal(broadcast.version, 1);
	assert_int_equal(broadcast.line->length, 8);
	assert_memory_equal(broadcast.line->text, "{\"n\":1}\n", 8);
	tell(&broadcast, 1, false);
	assert_int_equal(broadcast.version, 1);
	tell(&broadcast, 1, true);
	assert_int_equal(broadcast.version, 2);
	tell(&broadcast, 2, false);
	assert_int_equal(broadcast.version, 3);
	broadcast_tell(&broadcast, NULL, true);
	assert_int_equal(broadcast.version, 3);
	broadcast_free(&broadcast);
}

static void a_line_stays_for_who_is_reading_it(void **state)
{
	struct broadcast broadcast = {0};
	struct line *held;

	(void)state;
	tell(&broadcast, 1, false);
	held = broadcast_hold(&broadcast);
	tell(&broadcast, 2, false);
	assert_memory_equal(held->text, "{\"n\":1}\n", held->length);
	assert_memory_equal(broadcast.line->text, "{\"n\":2}\n", broadcast.line->length);
	broadcast_free(&broadcast);
	assert_int_equal(held->holders, 1);
	line_release(held);
}

static struct timeout ban(unsigned int number, int64_t since)
{
	struct timeout ban = {.source = {.length = 128}, .since = since, .who = "root"};

	ban.source.source[0] = 0x20;
	ban.source.source[14] = number >> 8;
	ban.source.source[15] = number;
	ban.reason = number % 2 ? "caf\xc3\xa9" : "broken \xff";
	return ban;
}

static const char *text_of(const json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

static int64_t since_of(const json_t *entries, size_t i)
{
	int64_t ns = 0;

	assert_true(since_parse(text_of(json_array_get(entries, i), "since"), 0, &ns));
	return ns / TIMEOUT_SECOND;
}

static void of_many_bans_the_newest_are_told_newest_first(void **state)
{
	enum { COUNT = 1000 };
	struct timeout *bans = calloc(COUNT, sizeof(*bans));
	struct timeout_list list = {.list = bans, .count = COUNT};
	const json_t *entries;
	json_t *part;

	(void)state;
	/* In no order: 7 has no factor in common with COUNT. */
	for (unsigned int i = 0; i < COUNT; i++)
		bans[i] = ban(i, 1 + i * 7 % COUNT);
	part = lists_line_part(&list);
	assert_non_null(part);
	assert_int_equal(json_integer_value(json_object_get(part, "total")), COUNT);
	entries = json_object_get(part, "entries");
	assert_int_equal(json_array_size(entries), FEED_LISTED_MAX);
	for (size_t i = 0; i < FEED_LISTED_MAX; i++)
		assert_int_equal(since_of(entries, i), COUNT - i);
	json_decref(part);
	free(bans);
}

static void an_entry_says_when_it_ends_and_text_is_always_utf8(void **state)
{
	struct timeout entries[] = {ban(1, 0), ban(2, 5)};
	const struct timeout_list list = {.list = entries, .count = 2};
	const json_t *first, *second;
	json_t *part;

	(void)state;
	entries[1].expires = 7 * TIMEOUT_SECOND;
	entries[1].port = 25;
	entries[1].id = 9;
	setenv("TZ", "UTC0", 1);
	part = lists_line_part(&list);
	first = json_array_get(json_object_get(part, "entries"), 0);
	second = json_array_get(json_object_get(part, "entries"), 1);
	assert_string_equal(text_of(first, "expires"), "1970-01-01T00:00:07+00:00");
	assert_int_equal(json_integer_value(json_object_get(first, "id")), 9);
	assert_string_equal(json_string_value(json_object_get(first, "proto")), "tcp");
	assert_string_equal(json_string_value(json_object_get(first, "reason")), "broken ?");
	assert_true(json_is_null(json_object_get(second, "expires")));
	assert_true(json_is_null(json_object_get(second, "since")));
	assert_null(json_object_get(second, "id"));
	assert_string_equal(json_string_value(json_object_get(second, "reason")), "caf\xc3\xa9");
	json_decref(part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_not_changed_is_told_once),
		cmocka_unit_test(a_line_stays_for_who_is_reading_it),
		cmocka_unit_test(of_many_bans_the_newest_are_told_newest_first),
		cmocka_unit_test(an_entry_says_when_it_ends_and_text_is_always_utf8),
	};

	return cmocka_run_group_tests_name("broadcast", tests, NULL, NULL);
}

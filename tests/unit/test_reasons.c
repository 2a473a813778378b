/* SPDX-License-Identifier: GPL-2.0 */
/* Several reasons for one ban: what ends when, and what stands in the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lists/reasons.h"
#include "util/array.h"

#define AT(seconds) ((int64_t)(seconds)*TIMEOUT_SECOND)

static const struct reason mail = {AT(2000), 1000, "root", "fail2ban mail"};
static const struct reason web = {AT(3000), 1500, "anna", "fail2ban web"};
static const struct reason ever = {0, 1600, "bob", ""};

static struct timeout entry_of(const struct reason *reason)
{
	struct timeout entry = {.expires = reason->expires,
				.since = reason->since,
				.who = reason->who,
				.reason = reason->text};

	assert_int_equal(cidr_parse("192.0.2.7", &entry.source, NULL), 0);
	return entry;
}

/* Read the entry, add to it, and write it; the text is the caller's. */
static char *add(struct timeout *entry, const struct reason *reason, bool changes)
{
	_reasons_ struct reasons reasons = {0};
	char *text = NULL;

	assert_int_equal(reasons_read(entry, &reasons), 0);
	assert_int_equal(reasons_add(&reasons, reason), changes);
	assert_int_equal(reasons_write(&reasons, entry, &text), 0);
	entry->who = "";
	return text;
}

static void assert_reason(const struct reason *found, const struct reason *wanted)
{
	assert_int_equal(found->expires, wanted->expires);
	assert_int_equal(found->since, wanted->since);
	assert_string_equal(found->text, wanted->text);
}

static void the_one_that_ends_last_is_the_bans(void **state)
{
	struct timeout entry = entry_of(&mail);
	char *first = add(&entry, &web, true), *second, reason[TIMEOUT_REASON_MAX + 1];
	struct reasons reasons;

	assert_int_equal(entry.expires, AT(3000));
	assert_int_equal(entry.since, 1500);
	assert_string_equal(reason_first(&entry, reason), "fail2ban web");
	second = add(&entry, &ever, true);
	assert_int_equal(entry.expires, 0);
	assert_string_equal(reason_first(&entry, reason), "");
	assert_int_equal(reasons_read(&entry, &reasons), 0);
	assert_int_equal(reasons.count, 3);
	assert_reason(&reasons.list[0], &ever);
	assert_reason(&reasons.list[1], &web);
	assert_reason(&reasons.list[2], &mail);
	assert_string_equal(reasons.list[2].who, "root");
	reasons_free(&reasons);
	free(first);
	free(second);
}

static void the_same_reason_only_ends_later(void **state)
{
	const struct reason sooner = {AT(1500), 1100, "root", "fail2ban mail"},
			    later = {AT(9000), 1200, "root", "fail2ban mail"};
	struct timeout entry = entry_of(&mail);
	char *first = add(&entry, &sooner, false), *second;

	assert_int_equal(entry.expires, AT(2000));
	second = add(&entry, &later, true);
	assert_int_equal(entry.expires, AT(9000));
	assert_string_equal(entry.reason, "fail2ban mail");
	free(first);
	free(second);
}

static void what_is_taken_away_leaves_the_others(void **state)
{
	struct timeout entry = entry_of(&web);
	char *first = add(&entry, &mail, true), *text = NULL;
	struct reasons reasons;

	assert_int_equal(reasons_read(&entry, &reasons), 0);
	assert_false(reasons_remove(&reasons, "fail2ban"));
	assert_true(reasons_remove(&reasons, "fail2ban web"));
	assert_int_equal(reasons_write(&reasons, &entry, &text), 0);
	assert_int_equal(entry.expires, AT(2000));
	assert_string_equal(entry.reason, "fail2ban mail");
	assert_true(reasons_remove(&reasons, "fail2ban mail"));
	assert_int_equal(reasons.count, 0);
	reasons_free(&reasons);
	free(first);
	free(text);
}

static void what_has_ended_is_no_reason(void **state)
{
	struct timeout entry = entry_of(&web);
	char *text = add(&entry, &mail, true);
	struct reasons reasons;

	assert_int_equal(reasons_read(&entry, &reasons), 0);
	reasons_drop_ended(&reasons, AT(2000));
	assert_int_equal(reasons.count, 1);
	assert_reason(&reasons.list[0], &web);
	reasons_free(&reasons);
	free(text);
}

static void there_is_room_for_those_that_end_last(void **state)
{
	struct timeout entry = entry_of(&mail);
	char texts[2 * REASONS_MAX][32]; /* what was dropped belongs to nobody else */
	struct reasons reasons;

	assert_int_equal(reasons_read(&entry, &reasons), 0);
	for (int i = 0; i < 2 * REASONS_MAX; i++) {
		struct reason more = {AT(3000 + i), 1000, "root", texts[i]};

		snprintf(texts[i], sizeof(texts[i]), "reason %d", i);
		assert_true(reasons_add(&reasons, &more));
	}
	assert_int_equal(reasons.count, REASONS_MAX);
	for (size_t i = 0; i < reasons.count; i++)
		assert_true(reasons.list[i].expires >= AT(3000 + REASONS_MAX));
	assert_false(reasons_add(&reasons, &(struct reason){AT(10), 0, "", "too soon"}));
	reasons_free(&reasons);
}

static void what_is_damaged_behind_the_first_is_left_out(void **state)
{
	struct timeout entry = entry_of(&mail);
	struct reasons reasons;

	entry.reason = "one\x1e"
		       "12\x1f"
		       "who\x1f"
		       "13\x1f"
		       "two\x1e"
		       "x\x1f"
		       "\x1f"
		       "1\x1f"
		       "three\x1e"
		       "1\x1f"
		       "who\x1e"
		       "1\x1f"
		       "a\x1f"
		       "2\x1f"
		       "b\x1f"
		       "c\x1e";
	assert_int_equal(reasons_read(&entry, &reasons), 0);
	assert_int_equal(reasons.count, 2);
	assert_string_equal(reasons.list[0].text, "one");
	assert_string_equal(reasons.list[1].text, "two");
	assert_int_equal(reasons.list[1].expires, AT(12));
	reasons_free(&reasons);
}

/* Five columns, and the end of the last reason: what a version that knows of one reason reads. */
static void a_line_of_the_file_is_one_of_the_format_before(void **state)
{
	static const char start[] = "192.0.2.7\t3000\t\t1500\tfail2ban web\x1e";
	const struct timeout_format format = {.kind = "bans"};
	struct timeout entry = entry_of(&mail);
	char *text = add(&entry, &web, true), *line;
	size_t size;

	assert_int_equal(timeout_print_change(&format, &entry, false, &line, &size), 0);
	assert_memory_equal(line, start, sizeof(start) - 1);
	assert_int_equal(line[size - 1], '\n');
	free(line);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_that_ends_last_is_the_bans),
		cmocka_unit_test(the_same_reason_only_ends_later),
		cmocka_unit_test(what_is_taken_away_leaves_the_others),
		cmocka_unit_test(what_has_ended_is_no_reason),
		cmocka_unit_test(there_is_room_for_those_that_end_last),
		cmocka_unit_test(what_is_damaged_behind_the_first_is_left_out),
		cmocka_unit_test(a_line_of_the_file_is_one_of_the_format_before),
	};

	return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The files of bans and openings: written, read, and damaged in every way that a cut can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rolewall/abi.h>

#include "kernel/lists/timeout_list.h"
#include "util/array.h"

static const struct timeout_format bans = {.kind = "bans"};
static const struct timeout_format openings = {.kind = "openings", .has_ports = true};

static struct timeout entry(const char *source)
{
	struct timeout entry = {.who = "anna", .reason = "why", .since = 1700000000};

	assert_int_equal(cidr_parse(source, &entry.source, NULL), 0);
	return entry;
}

static struct timeout opening(const char *source, uint8_t l4, uint16_t port)
{
	struct timeout made = entry(source);

	made.l4 = l4;
	made.port = port;
	made.id = port;
	made.expires = 1800000000 * TIMEOUT_SECOND;
	return made;
}

/* Parse a copy; the damage is for the caller to judge. */
static struct timeout_list parse(const struct timeout_format *format, const char *text, size_t size,
				 struct error *ret_damage)
{
	struct timeout_list list = {0};
	char *copy = strndup(text, size);

	assert_non_null(copy);
	assert_int_equal(timeout_parse(format, "FILE", copy, &list, ret_damage), 0);
	return list;
}

/* The same with a heading before them that fits. */
static struct timeout_list parse_lines(const struct timeout_format *format, const char *lines,
				       struct error *ret_damage)
{
	struct timeout_heading heading = {0};
	char text[1024], first[TIMEOUT_HEADING_MAX];

	heading.size = timeout_heading_print(format, &heading, first) + strlen(lines);
	heading.base = heading.size;
	timeout_heading_print(format, &heading, first);
	snprintf(text, sizeof(text), "%s%s", first, lines);
	return parse(format, text, strlen(text), ret_damage);
}

static void assert_same(const struct timeout *a, const struct timeout *b)
{
	assert_int_equal(timeout_compare(a, b), 0);
	assert_int_equal(a->expires, b->expires);
	assert_int_equal(a->since, b->since);
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->who, b->who);
	assert_string_equal(a->reason, b->reason);
}

static void assert_survives(const struct timeout_format *format, struct timeout *entries,
			    size_t count)
{
	const struct timeout_list written = {.list = entries, .count = count};
	_timeout_list_ struct timeout_list read = {0};
	struct error damage;
	char *text;
	size_t size;

	assert_int_equal(timeout_print(format, &written, &text, &size), 0);
	read = parse(format, text, size, &damage);
	free(text);
	assert_string_equal(damage.what, "");
	assert_int_equal(read.count, count);
	for (size_t i = 0; i < count; i++)
		assert_same(&read.list[i], &entries[i]);
}

static void what_is_written_is_what_is_read(void **state)
{
	struct timeout entries[] = {entry("::/3"), entry("192.0.2.0/24"), entry("192.0.2.7"),
				    entry("2001:db8::/32")};

	entries[1].expires = 1800000000 * TIMEOUT_SECOND;
	entries[2].who = entries[2].reason = "";
	entries[3].since = 0;
	entries[3].reason = "tütü, \"and\" 'so' on\\";
	assert_survives(&bans, entries, ARRAY_SIZE(entries));
	assert_survives(&bans, NULL, 0);
}

/* The text of a file with these lines, and one behind them that was never finished. */
static char *file_text(const char *lines, const char *unfinished)
{
	struct timeout_heading heading = {0};
	char first[TIMEOUT_HEADING_MAX], *text = NULL;

	heading.size = timeout_heading_print(&bans, &heading, first) + strlen(lines);
	heading.base = heading.size;
	timeout_heading_print(&bans, &heading, first);
	assert_true(asprintf(&text, "%s%s%s", first, lines, unfinished) > 0);
	return text;
}

static void one_entry_is_found_in_the_text_as_the_last_change_left_it(void **state)
{
	static const char lines[] = "192.0.2.1\t0\tanna\t5\tfirst\n"
				    "192.0.2.10\t0\tanna\t5\tten\n"
				    "192.0.2.0/24\t0\tanna\t5\twide 192.0.2.7\n"
				    "192.0.2.1\t0\tbob\t6\tsecond\n"
				    "-192.0.2.10\t0\tanna\t5\tten\n";
	static const struct {
		const char *source, *reason;
	} cases[] = {
		{"192.0.2.1", "second"}, {"192.0.2.10", NULL}, {"192.0.2.0/24", "wide 192.0.2.7"},
		{"192.0.2.0/25", NULL},	 {"92.0.2.1", NULL},   {"192.0.2.7", NULL},
		{"192.0.2.9", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = file_text(lines, "192.0.2.9\t0\tanna\t5\tnever\n");
		struct timeout found = entry(cases[i].source);

		assert_int_equal(timeout_find_text(&bans, text, &found), cases[i].reason != NULL);
		assert_string_equal(found.reason, cases[i].reason ? cases[i].reason : "why");
		if (i == 0) {
			assert_string_equal(found.who, "bob");
			assert_int_equal(found.since, 6);
		}
		free(text);
	}
}

static void openings_have_a_port_and_a_number(void **state)
{
	struct timeout entries[] = {opening("192.0.2.0/24", RW_L4_TCP, 25),
				    opening("192.0.2.0/24", RW_L4_TCP, 65535),
				    opening("192.0.2.0/24", RW_L4_UDP, 25)};

	assert_survives(&openings, entries, ARRAY_SIZE(entries));
}

/* Whatever is left of a file: either it is whole, or the damage is said and no entry is made up. */
static void a_cut_anywhere_is_noticed(void **state)
{
	struct timeout entries[] = {opening("192.0.2.0/24", RW_L4_TCP, 25),
				    opening("192.0.2.7", RW_L4_UDP, 1053),
				    opening("2001:db8::/32", RW_L4_TCP, 443)};
	const struct timeout_list whole = {.list = entries, .count = ARRAY_SIZE(entries)};
	char *text;
	size_t size;

	assert_int_equal(timeout_print(&openings, &whole, &text, &size), 0);
	for (size_t cut = 0; cut < size; cut++) {
		struct error damage;
		_timeout_list_ struct timeout_list left = parse(&openings, text, cut, &damage);

		if (!damage.what[0])
			fail_msg("a cut at byte %zu of %zu is not noticed", cut, size);
		assert_non_null(strstr(damage.where, "FILE:"));
		assert_true(left.count < whole.count);
		for (size_t i = 0; i < left.count; i++)
			assert_same(&left.list[i], timeout_find(&whole, &left.list[i]));
	}
	free(text);
}

/* A file of `count` bans with changes behind them, as store_file.c writes it. */
static char *file_with_changes(struct timeout *entries, size_t count, struct timeout *changes,
			       const bool *gone, size_t change_count)
{
	const struct timeout_list base = {.list = entries, .count = count};
	struct timeout_heading heading;
	char *text, first[TIMEOUT_HEADING_MAX];
	size_t size, length;

	assert_int_equal(timeout_print(&bans, &base, &text, &size), 0);
	heading.base = size;
	for (size_t i = 0; i < change_count; i++) {
		char *line;

		assert_int_equal(timeout_print_change(&bans, &changes[i], gone[i], &line, &length),
				 0);
		text = realloc(text, size + length + 1);
		memcpy(text + size, line, length);
		size += length;
		free(line);
	}
	text[size] = '\0';
	heading.size = size;
	length = timeout_heading_print(&bans, &heading, first);
	memcpy(text, first, length);
	return text;
}

static void changes_behind_the_list_count(void **state)
{
	struct timeout entries[] = {entry("192.0.2.0/24"), entry("192.0.2.7"), entry("192.0.2.8")};
	struct timeout changes[] = {entry("192.0.2.7"), entry("10.0.0.1"), entry("192.0.2.8"),
				    entry("10.0.0.1"),	entry("10.0.0.2"), entry("10.0.0.1")};
	const bool gone[] = {true, false, false, true, false, false};
	_timeout_list_ struct timeout_list list = {0};
	struct error damage;
	char *text;

	changes[2].reason = "once more";
	changes[5].expires = 1800000000 * TIMEOUT_SECOND;
	text = file_with_changes(entries, 3, changes, gone, ARRAY_SIZE(changes));
	list = parse(&bans, text, strlen(text), &damage);
	free(text);
	assert_string_equal(damage.what, "");
	assert_int_equal(list.count, 4);
	assert_same(&list.list[0], &changes[5]);
	assert_same(&list.list[1], &changes[4]);
	assert_same(&list.list[2], &entries[0]);
	assert_same(&list.list[3], &changes[2]);
}

static void changes_alone_in_their_order_count(void **state)
{
	struct timeout changes[] = {entry("10.0.0.1"), entry("10.0.0.2")};
	const bool gone[] = {false, true};
	_timeout_list_ struct timeout_list list = {0};
	struct error damage;
	char *text = file_with_changes(NULL, 0, changes, gone, ARRAY_SIZE(changes));

	list = parse(&bans, text, strlen(text), &damage);
	free(text);
	assert_string_equal(damage.what, "");
	assert_int_equal(list.count, 1);
	assert_same(&list.list[0], &changes[0]);
}

static void a_change_cut_anywhere_is_noticed(void **state)
{
	struct timeout entries[] = {entry("192.0.2.7")};
	struct timeout changes[] = {entry("192.0.2.7"), entry("192.0.2.8")};
	const bool gone[] = {true, false};
	char *text = file_with_changes(entries, 1, changes, gone, ARRAY_SIZE(changes));

	for (size_t cut = 0; cut < strlen(text); cut++) {
		struct error damage;
		_timeout_list_ struct timeout_list left = parse(&bans, text, cut, &damage);

		if (!damage.what[0])
			fail_msg("a cut at byte %zu is not noticed", cut);
		for (size_t i = 0; i < left.count; i++)
			assert_same(&left.list[i], &entries[0]);
	}
	free(text);
}

/* The line is written before the heading says that it counts. */
static void a_change_that_was_never_finished_is_none(void **state)
{
	static const char unfinished[] = "192.0.2.9\t0\tanna\t1700000000\twhy\n";
	struct timeout entries[] = {entry("192.0.2.7")};
	char *text = file_with_changes(entries, 1, NULL, NULL, 0);
	size_t size = strlen(text);

	text = realloc(text, size + sizeof(unfinished));
	for (size_t cut = 0; cut < sizeof(unfinished); cut++) {
		struct error damage;
		_timeout_list_ struct timeout_list list = {0};

		memcpy(text + size, unfinished, cut);
		list = parse(&bans, text, size + cut, &damage);
		assert_string_equal(damage.what, "");
		assert_int_equal(list.count, 1);
		assert_same(&list.list[0], &entries[0]);
	}
	free(text);
}

static void wrong_lines_are_left_out_and_named(void **state)
{
	static const char *const wrong[] = {
		"192.0.2.300\t0\tanna\t1\twhy",	     "192.0.2.1/24\t0\tanna\t1\twhy",
		"192.0.2.1\t-1\tanna\t1\twhy",	     "192.0.2.1\t\tanna\t1\twhy",
		"192.0.2.1\t0\tanna\tone\twhy",	     "192.0.2.1\t0\tanna\t1",
		"192.0.2.1\t0\tanna\t1\twhy\tand",   "192.0.2.1\t9999999999999999999999\ta\t1\tb",
		"192.0.2.1\t9999999999999\ta\t1\tb", "",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_timeout_list_ struct timeout_list list = {0};
		struct error damage;
		char text[256];

		snprintf(text, sizeof(text), "192.0.2.8\t0\ta\t1\tb\n%s\n192.0.2.9\t0\ta\t1\tb\n",
			 wrong[i]);
		list = parse_lines(&bans, text, &damage);
		assert_string_equal(damage.where, "FILE:3");
		assert_int_equal(list.count, 2);
	}
}

static void an_opening_without_an_end_is_none(void **state)
{
	struct error damage;
	_timeout_list_ struct timeout_list list =
		parse_lines(&openings, "192.0.2.8\t0\ta\t1\tb\t25/tcp\t1\n", &damage);

	assert_int_equal(list.count, 0);
	assert_string_equal(damage.where, "FILE:2");
}

static void a_file_of_another_kind_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "\n",
					    "192.0.2.8\t0\ta\t1\tb\n",
					    "#rolewall bans 1 0\n",
					    "#rolewall openings 2 000000000047 000000000047\n",
					    "#rolewall bans 3 000000000043 000000000043\n",
					    "#rolewall bans 2 43 43\n",
					    "#rolewall bans 2 x x\n",
					    "#rolewall bans 2 000000000000 000000000000\n",
					    "#rolewall bans 2 000000000043 000000000044\n",
					    "#rolewall bans 2 -00000000001 000000000043\n",
					    "#rolewall bans 2 000000000043 000000000043"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct error damage;
		_timeout_list_ struct timeout_list list =
			parse(&bans, wrong[i], strlen(wrong[i]), &damage);

		assert_int_equal(list.count, 0);
		assert_string_not_equal(damage.what, "");
	}
}

static void sorting_keeps_each_entry_once(void **state)
{
	static const char *const sources[] = {"192.0.2.7",  "2001:db8::1", "192.0.2.0/24",
					      "10.0.0.0/8", "192.0.2.7",   "::1"};
	struct timeout_list list = {.count = ARRAY_SIZE(sources)};

	list.list = calloc(list.count, sizeof(*list.list));
	assert_non_null(list.list);
	for (size_t i = 0; i < list.count; i++)
		list.list[i] = entry(sources[i]);
	assert_int_equal(timeout_sort(&list), 0);
	assert_int_equal(list.count, ARRAY_SIZE(sources) - 1);
	for (size_t i = 1; i < list.count; i++)
		assert_true(timeout_compare(&list.list[i - 1], &list.list[i]) < 0);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct timeout key = entry(sources[i]);

		assert_non_null(timeout_find(&list, &key));
	}
	timeout_list_free(&list);
}

/* The quick order of sorting and the plain one of finding are the same. */
static void sorting_agrees_with_comparing(void **state)
{
	struct timeout_list list = {.count = 3000};
	uint32_t random = 1;

	list.list = calloc(list.count, sizeof(*list.list));
	assert_non_null(list.list);
	for (size_t i = 0; i < list.count; i++) {
		list.list[i] = opening("::", i % 2, i % 5 + 1);
		for (size_t j = 0; j < 16; j += 5)
			list.list[i].source.source[j] =
				(random = random * 1103515245 + 12345) >> 24;
		list.list[i].source.length = 96 + i % 33;
	}
	assert_int_equal(timeout_sort(&list), 0);
	for (size_t i = 1; i < list.count; i++)
		assert_true(timeout_compare(&list.list[i - 1], &list.list[i]) < 0);
	timeout_list_free(&list);
}

static void control_characters_do_not_get_into_a_file(void **state)
{
	struct error error;

	assert_int_equal(timeout_text_check("the reason", "fine, ünïcode too", 64, &error), 0);
	assert_int_not_equal(timeout_text_check("the reason", "a\tb", 64, &error), 0);
	assert_int_not_equal(timeout_text_check("the reason", "a\nb", 64, &error), 0);
	assert_int_not_equal(timeout_text_check("the reason", "\033[31m", 64, &error), 0);
	assert_int_not_equal(timeout_text_check("the reason", "abc", 2, &error), 0);
	assert_non_null(strstr(error.what, "the reason"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_is_read),
		cmocka_unit_test(one_entry_is_found_in_the_text_as_the_last_change_left_it),
		cmocka_unit_test(openings_have_a_port_and_a_number),
		cmocka_unit_test(a_cut_anywhere_is_noticed),
		cmocka_unit_test(changes_behind_the_list_count),
		cmocka_unit_test(changes_alone_in_their_order_count),
		cmocka_unit_test(a_change_cut_anywhere_is_noticed),
		cmocka_unit_test(a_change_that_was_never_finished_is_none),
		cmocka_unit_test(wrong_lines_are_left_out_and_named),
		cmocka_unit_test(an_opening_without_an_end_is_none),
		cmocka_unit_test(a_file_of_another_kind_is_refused),
		cmocka_unit_test(sorting_keeps_each_entry_once),
		cmocka_unit_test(sorting_agrees_with_comparing),
		cmocka_unit_test(control_characters_do_not_get_into_a_file),
	};

	return cmocka_run_group_tests_name("timeout_list", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names in sets: the lines in which rolewall-names answers, what is taken from an answer, and the
 * file that remembers it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/cidr.h"
#include "policy/resolved.h"
#include "report/followed.h"
#include "report/words.h"
#include "util/array.h"

#define NOW 1764385200

static const uint8_t own_list[][16] = {{[10] = 0xff, 0xff, 203, 0, 113, 1},
				       {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
static const struct own_addresses own = {(uint8_t(*)[16])own_list, 2};

static struct name_answer answer_of(const char *line)
{
	struct name_answer answer;

	if (name_answer_parse(line, &answer))
		fail_msg("no answer: %s", line);
	return answer;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void a_line_comes_back_as_it_was(void **state)
{
	static const char *const lines[] = {
		"gw.example.net ok ok 300 203.0.113.7 203.0.113.8 2001:db8::7",
		"gw.example.net none ok 0 2001:db8::7",
		"gw.example.net no-name no-name 0",
		"gw.example.net timeout unreachable 0",
		"gw.example.net refused failed 0",
		"gw.example.net many broken 0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct name_answer answer = answer_of(lines[i]);
		char line[ANSWER_LINE_MAX];
		size_t size = name_answer_format(&answer, line);

		assert_int_equal(size, strlen(lines[i]) + 1);
		assert_int_equal(line[size - 1], '\n');
		line[size - 1] = '\0';
		assert_string_equal(line, lines[i]);
	}
}

static void what_is_no_answer_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"gw",
		"gw ok",
		"gw ok ok",
		"gw ok ok x",
		"gw ok ok -1",
		"gw ok ok 99999999999",
		"gw ok ok 300 ",
		"gw fine ok 300",
		"gw ok ok 300  203.0.113.7",
		"gw ok ok 300 203.0.113.0/24",
		"gw ok ok 300 203.0.113.7/32",
		"gw ok ok 300 ::ffff:203.0.113.7",
		"gw ok ok 300 example.net",
		/* Addresses of a family that was not answered. */
		"gw none ok 300 203.0.113.7",
		"gw ok timeout 300 2001:db8::1",
	};
	struct name_answer answer = {.ttl = 7};
	char longest[ANSWER_LINE_MAX + 8];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (name_answer_parse(lines[i], &answer) != -EINVAL)
			fail_msg("taken: \"%s\"", lines[i]);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(name_answer_parse(longest, &answer), -EINVAL);
	longest[ANSWER_NAME_MAX] = '\0';
	assert_int_equal(name_answer_parse(longest, &answer), -EINVAL);
	assert_int_equal(answer.ttl, 7);
}

static void more_addresses_than_fit_are_no_answer(void **state)
{
	char line[ANSWER_LINE_MAX] = "gw ok ok 300";
	struct name_answer answer;

	for (int i = 0; i < ANSWER_ADDRESSES_MAX; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 " 198.51.100.%d 2001:db8:ffff:ffff:ffff:ffff:ffff:%x", i, i + 0x1000);
	assert_int_equal(name_answer_parse(line, &answer), 0);
	assert_int_equal(answer.count, 2 * ANSWER_ADDRESSES_MAX);
	assert_true(name_answer_format(&answer, line) < sizeof(line));
	line[strlen(line) - 1] = '\0';
	strcat(line, " 198.51.100.200");
	assert_int_equal(name_answer_parse(line, &answer), -EINVAL);
}

/* --- what is taken ---------------------------------------------------------------------------- */

struct step {
	const char *answer; /* behind the name */
	const char *addresses;
	const char *trouble; /* part of it; "": none */
	bool changed;
	bool answered;
};

static void expect_step(struct followed *name, const struct step *step, int64_t now)
{
	int64_t before = name->answered;
	struct name_answer answer;
	char line[512], text[512];
	bool changed;

	snprintf(line, sizeof(line), "gw %s", step->answer);
	answer = answer_of(line);
	assert_int_equal(followed_take(name, &answer, &own, now, &changed), 0);
	assert_string_equal(followed_text((const uint8_t(*)[16])name->addresses, name->count, text,
					  sizeof(text)),
			    step->addresses);
	if (*step->trouble ? !strstr(name->trouble, step->trouble) : *name->trouble)
		fail_msg("%s: trouble \"%s\"", step->answer, name->trouble);
	assert_int_equal(changed, step->changed);
	assert_int_equal(name->answered, step->answered ? now : before);
	if (!*step->trouble)
		assert_int_equal(name->since, 0);
}

static void what_was_known_stays_until_there_is_better(void **state)
{
	static const struct step steps[] = {
		{"timeout timeout 0", "nothing", "in time", false, false},
		{"ok ok 300 203.0.113.8 203.0.113.7 2001:db8::7 203.0.113.7",
		 "203.0.113.7,203.0.113.8,2001:db8::7", "", true, true},
		{"ok ok 300 203.0.113.7 203.0.113.8 2001:db8::7",
		 "203.0.113.7,203.0.113.8,2001:db8::7", "", false, true},
		{"timeout timeout 0", "203.0.113.7,203.0.113.8,2001:db8::7", "in time", false,
		 false},
		{"no-name no-name 0", "203.0.113.7,203.0.113.8,2001:db8::7", "no such name", false,
		 false},
		{"none none 0", "203.0.113.7,203.0.113.8,2001:db8::7", "no address", false, false},
		{"none no-name 0", "203.0.113.7,203.0.113.8,2001:db8::7", "no address", false,
		 false},
		{"many many 0", "203.0.113.7,203.0.113.8,2001:db8::7", "more addresses", false,
		 false},
		/* A family without an answer keeps what it had, and is no older than it was. */
		{"ok timeout 300 203.0.113.9", "203.0.113.9,2001:db8::7", "IPv6: no name server",
		 true, false},
		{"failed ok 300 2001:db8::8", "203.0.113.9,2001:db8::8", "IPv4: the name server",
		 true, false},
		/* One that says that it has none has none. */
		{"ok none 300 203.0.113.9", "203.0.113.9", "", true, true},
		/* Where there was none, nothing is missing. */
		{"ok refused 300 203.0.113.9", "203.0.113.9", "IPv6: the name server refuses",
		 false, true},
		{"none ok 300 2001:db8::8", "2001:db8::8", "", true, true},
	};
	struct followed name = {.name = "gw"};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		expect_step(&name, &steps[i], NOW + (int64_t)i);
	free(name.addresses);
}

static void lies_are_left_out(void **state)
{
	static const char *const lies[] = {
		"0.0.0.0",	   "0.1.2.3",	  "127.0.0.1",
		"127.255.0.1",	   "169.254.1.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1",	  "255.255.255.255",
		"203.0.113.1",	   "::",	  "::1",
		"fe80::1",	   "febf::1",	  "ff02::1",
		"2001:db8::1",
	};
	struct followed name = {.name = "gw"};
	const struct step first = {"ok ok 300 198.51.100.7 2001:db8::7", "198.51.100.7,2001:db8::7",
				   "", true, true};

	expect_step(&name, &first, NOW);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		char alone[128], beside[128], trouble[128];
		const struct step kept = {alone, "198.51.100.7,2001:db8::7", trouble, false, false};
		const struct step taken = {beside, "198.51.100.7,2001:db8::7", trouble, false,
					   true};

		snprintf(alone, sizeof(alone), "ok ok 300 %s", lies[i]);
		snprintf(beside, sizeof(beside), "ok ok 300 198.51.100.7 %s 2001:db8::7", lies[i]);
		snprintf(trouble, sizeof(trouble), "%s is not taken", lies[i]);
		expect_step(&name, &kept, NOW + 1);
		expect_step(&name, &taken, NOW + 2);
	}
	free(name.addresses);
}

static void a_name_is_asked_neither_too_often_nor_too_seldom(void **state)
{
	struct followed name = {.name = "gw"};

	assert_int_equal(followed_pause(&name, 0), FOLLOWED_TTL_MIN);
	assert_int_equal(followed_pause(&name, 300), 300);
	assert_int_equal(followed_pause(&name, INT32_MAX), FOLLOWED_TTL_MAX);
	followed_trouble(&name, "it has no address", NOW);
	assert_int_equal(followed_pause(&name, 3000), FOLLOWED_TTL_MIN);
	followed_trouble(&name, "another trouble", NOW + 9);
	assert_int_equal(name.since, NOW);
	assert_int_equal(followed_age(&name, NOW), -1);
	name.answered = NOW;
	assert_int_equal(followed_age(&name, NOW + 5), 5);
	assert_int_equal(followed_age(&name, NOW - 5), 0);
}

static void an_age_has_a_unit(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {{-1, "never"},	   {0, "0 s ago"},	  {119, "119 s ago"},
		     {120, "2 min ago"},   {7199, "119 min ago"}, {7200, "2 h ago"},
		     {172799, "47 h ago"}, {172800, "2 d ago"}};
	char text[AGE_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(age_text(cases[i].seconds, text), cases[i].text);
}

static void what_does_not_fit_ends_in_dots(void **state)
{
	char text[32];

	followed_text(own_list, 2, text, sizeof(text));
	assert_string_equal(text, "203.0.113.1,2001:db8::1");
	followed_text(own_list, 2, text, 20);
	assert_string_equal(text, "203.0.113.1,...");
}

/* --- the file --------------------------------------------------------------------------------- */

static char directory[] = "/tmp/rolewall-followed-XXXXXX";
static char path[64];

static int directory_make(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/" RESOLVED_FILE, directory);
	return 0;
}

static int directory_remove(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static void the_file_comes_back_as_it_was(void **state)
{
	struct followed_list names = {0}, again = {0};
	struct followed *name = followed_get(&names, "GW.example.NET");

	assert_int_equal(followed_read(directory, &again, NULL), -ENOENT);
	assert_int_equal(followed_set(name, own_list, 2), 0);
	name->answered = NOW;
	name->wanted = true;
	followed_trouble(name, "it has no address", NOW + 60);
	/* Wanted no more for a week: gone. For a day: it may come back. */
	followed_get(&names, "old.example.net")->answered = NOW - 8 * 86400;
	followed_get(&names, "new.example.net")->answered = NOW - 86400;
	strcpy(names.waiting, "generation 3 awaits its confirmation");
	assert_int_equal(followed_write(directory, &names, NULL), 0);

	assert_int_equal(followed_read(directory, &again, NULL), 0);
	assert_int_equal(again.count, 2);
	assert_string_equal(again.waiting, names.waiting);
	name = followed_find(&again, "gw.EXAMPLE.net");
	assert_non_null(name);
	assert_string_equal(name->name, "gw.example.net");
	assert_int_equal(name->count, 2);
	assert_memory_equal(name->addresses[1], own_list[1], 16);
	assert_int_equal(name->answered, NOW);
	assert_int_equal(name->since, NOW + 60);
	assert_string_equal(name->trouble, "it has no address");
	assert_true(name->wanted);
	assert_null(followed_find(&again, "old.example.net"));
	assert_false(followed_find(&again, "new.example.net")->wanted);
	followed_list_free(&names);
	followed_list_free(&again);
}

static void a_damaged_file_is_refused(void **state)
{
	static const char *const damaged[] = {
		"",
		"{",
		"{ \"version\": 1 }",
		"{ \"names\": [] }",
		"{ \"names\": { \"gw\": {} } }",
		"{ \"names\": { \"gw\": { \"addresses\": \"203.0.113.7\" } } }",
		"{ \"names\": { \"gw\": { \"addresses\": [7] } } }",
		"{ \"names\": { \"gw\": { \"addresses\": [\"203.0.113.0/24\"] } } }",
		"{ \"names\": { \"gw\": { \"addresses\": [], \"answered\": \"now\" } } }",
	};
	struct followed_list names = {0};

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		FILE *file = fopen(path, "w");

		fputs(damaged[i], file);
		fclose(file);
		if (followed_read(directory, &names, NULL) != -EINVAL)
			fail_msg("read: %s", damaged[i]);
		assert_int_equal(names.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_comes_back_as_it_was),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(more_addresses_than_fit_are_no_answer),
		cmocka_unit_test(what_was_known_stays_until_there_is_better),
		cmocka_unit_test(lies_are_left_out),
		cmocka_unit_test(a_name_is_asked_neither_too_often_nor_too_seldom),
		cmocka_unit_test(an_age_has_a_unit),
		cmocka_unit_test(what_does_not_fit_ends_in_dots),
		cmocka_unit_test(the_file_comes_back_as_it_was),
		cmocka_unit_test(a_damaged_file_is_refused),
	};

	return cmocka_run_group_tests(tests, directory_make, directory_remove);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Every value of a JSON text is found where it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/places.h"
#include "util/array.h"

struct wanted {
	const char *path;
	const char *text; /* that the value begins with */
	uint32_t line;
};

static void places_check(const char *text, const struct wanted *wanted, size_t count)
{
	struct place *places;
	size_t found;

	assert_int_equal(places_find(text, strlen(text), &places, &found), 0);
	assert_int_equal(found, count);
	for (size_t i = 0; i < count; i++) {
		char path[128];

		places_format_path(text, places, i, path, sizeof(path));
		assert_string_equal(path, wanted[i].path);
		assert_memory_equal(text + places[i].value, wanted[i].text, strlen(wanted[i].text));
		assert_int_equal(places[i].line, wanted[i].line);
	}
	free(places);
}

static void values_are_found_in_order(void **state)
{
	static const struct wanted wanted[] = {
		{"", "{", 1},	    {"a", "[1", 2},	  {"a[0]", "1,", 2},  {"a[1]", "{}", 2},
		{"a[2]", "[ ]", 3}, {"a[3]", "\"x\"", 3}, {"b-c", "true", 3},
	};
	const char *text = "{\n \"a\": [1, {},\n[ ],\"x\"] , \"b-c\":true}";

	places_check(text, wanted, ARRAY_SIZE(wanted));
}

static void punctuation_in_strings_is_text(void **state)
{
	static const struct wanted wanted[] = {
		{"", "{", 1},
		{"[\"{a\\\"]:,\"]", "\"}\\\\\"", 1},
		{"b", "\"\\\"\"", 1},
		{"[\"\"]", "-1.5e3", 1},
		{"[\"eth0.100\"]", "{", 1},
		{"[\"eth0.100\"].zone", "[", 1},
		{"[\"eth0.100\"].zone[0]", "\"vpn\"", 1},
	};

	places_check("{\"{a\\\"]:,\":\"}\\\\\",\"b\":\"\\\"\",\"\":-1.5e3,"
		     "\"eth0.100\":{\"zone\":[\"vpn\"]}}",
		     wanted, ARRAY_SIZE(wanted));
}

static void siblings_and_children_are_linked(void **state)
{
	const char *text = "[[10,11],20,{\"k\":30}]";
	struct place *places;
	size_t count;

	assert_int_equal(places_find(text, strlen(text), &places, &count), 0);
	assert_int_equal(count, 7);
	assert_int_equal(places[0].first, 1);
	assert_int_equal(places[1].next, 4);
	assert_int_equal(places[4].next, 5);
	assert_int_equal(places[5].next, PLACE_NONE);
	assert_int_equal(places[2].next, 3);
	assert_int_equal(places[5].first, 6);
	assert_int_equal(places[6].key, 13);
	assert_int_equal(places[0].parent, PLACE_NONE);
	free(places);
}

/* Text that is no JSON never comes here; should it, the scan ends inside the text. */
static void broken_text_ends_the_scan(void **state)
{
	static const char *const texts[] = {"",	   "{",	     "\"",    "\"\\", "]",     "{\"a\"",
					    "}}}", "[1 2 3", "{1:2}", "::::", "[\"\\", "{{{"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct place *places = NULL;
		char path[64];
		size_t count;

		assert_int_equal(places_find(texts[i], strlen(texts[i]), &places, &count), 0);
		for (size_t k = 0; k < count; k++)
			places_format_path(texts[i], places, k, path, sizeof(path));
		free(places);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_in_order),
		cmocka_unit_test(punctuation_in_strings_is_text),
		cmocka_unit_test(siblings_and_children_are_linked),
		cmocka_unit_test(broken_text_ends_the_scan),
	};

	return cmocka_run_group_tests_name("policy places", tests, NULL, NULL);
}

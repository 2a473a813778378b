/* SPDX-License-Identifier: GPL-2.0 */
/* A node file that has to say less than it did. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rolewall/abi.h>

#include "tables/text.h"

#define ENFORCE (RW_POLICY_ENFORCE | RW_POLICY_BIND_OBSERVE)
#define OBSERVE RW_POLICY_BIND_OBSERVE

/* `expected` NULL: word for word as before. */
static void check(const char *before, uint8_t flags, const char *expected)
{
	size_t size = strlen(before);
	char *text = strdup(before);

	assert_int_equal(text_agree(&text, &size, flags), 0);
	assert_string_equal(text, expected ? expected : before);
	assert_int_equal(size, strlen(text));
	free(text);
}

static void what_agrees_stays_word_for_word(void **state)
{
	check("{ \"mode\":\t\"enforce\" }\n", ENFORCE, NULL);
	check("{ \"mode\":\t\"observe\" }\n", OBSERVE, NULL);
	check("{  }", OBSERVE, NULL);
	check("{ \"bind_guard\":  \"off\" }", 0, NULL);
	check("{ \"bind_guard\":  \"deny\" }", OBSERVE | RW_POLICY_BIND_DENY, NULL);
}

static void a_file_that_enforces_is_made_to_observe(void **state)
{
	check("{\"b\": 1, \"mode\": \"enforce\", \"a\": [\"x\"]}\n", OBSERVE,
	      "{\n  \"b\": 1,\n  \"mode\": \"observe\",\n  \"a\": [\n    \"x\"\n  ]\n}");
	check("{\"mode\": \"enforce\", \"bind_guard\": \"deny\"}", OBSERVE,
	      "{\n  \"mode\": \"observe\",\n  \"bind_guard\": \"observe\"\n}");
}

static void what_is_written_agrees(void **state)
{
	size_t size = strlen("{\"mode\":\"enforce\"}");
	char *text = strdup("{\"mode\":\"enforce\"}");
	char *once;

	assert_int_equal(text_agree(&text, &size, OBSERVE), 0);
	once = text;
	assert_int_equal(text_agree(&text, &size, OBSERVE), 0);
	assert_ptr_equal(text, once);
	free(text);
}

static void what_is_no_node_file_is_refused_and_stays(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t size = strlen(texts[i]);
		char *text = strdup(texts[i]);

		assert_int_equal(text_agree(&text, &size, OBSERVE), -EINVAL);
		assert_string_equal(text, texts[i]);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_agrees_stays_word_for_word),
		cmocka_unit_test(a_file_that_enforces_is_made_to_observe),
		cmocka_unit_test(what_is_written_agrees),
		cmocka_unit_test(what_is_no_node_file_is_refused_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

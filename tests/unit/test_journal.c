/* SPDX-License-Identifier: GPL-2.0 */
/* Fields of an entry of the journal, as systemd's "Native Journal Protocol" has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/journal.h"

static void expect(const char *value, const char *wanted, size_t size)
{
	char *data = NULL;
	size_t length = 0;
	FILE *entry = open_memstream(&data, &length);

	journal_field(entry, "ROLEWALL_PROCESS", value);
	assert_int_equal(fclose(entry), 0);
	assert_int_equal(length, size);
	assert_memory_equal(data, wanted, size);
	free(data);
}

static void a_field_is_a_line(void **state)
{
	(void)state;
	expect("nc", "ROLEWALL_PROCESS=nc\n", 20);
	expect("", "ROLEWALL_PROCESS=\n", 18);
}

/* A process chooses its own name: it makes no fields. */
static void a_value_of_lines_makes_no_other_field(void **state)
{
	static const char wanted[] = "ROLEWALL_PROCESS\n\x0d\0\0\0\0\0\0\0nc\nPRIORITY=0\n";

	(void)state;
	expect("nc\nPRIORITY=0", wanted, sizeof(wanted) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_a_line),
		cmocka_unit_test(a_value_of_lines_makes_no_other_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

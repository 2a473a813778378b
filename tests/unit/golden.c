/* SPDX-License-Identifier: GPL-2.0 */
/* golden.c - compare a text with the file that holds what it should be. */
#include "golden.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/cleanup.h"
#include "util/file.h"

#define GOLDEN_BYTES_MAX (16 << 20)

void golden_name(const char *input, const char *suffix, char *ret, size_t ret_size)
{
	const char *dot = strrchr(input, '.');

	snprintf(ret, ret_size, "%.*s%s", (int)(dot - input), input, suffix);
}

static void difference_report(const char *file, const char *wanted, const char *found)
{
	unsigned int line = 1;
	size_t start = 0;

	for (size_t i = 0; wanted[i] == found[i] && wanted[i]; i++) {
		if (wanted[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	print_error("%s:%u differs\n  wanted: %.*s\n  found:  %.*s\n", file, line,
		    (int)strcspn(wanted + start, "\n"), wanted + start,
		    (int)strcspn(found + start, "\n"), found + start);
}

void golden_compare(const char *file, const char *text)
{
	_free_ char *wanted = NULL;
	struct error error = {0};
	size_t size;
	int same;

	if (getenv("UPDATE")) {
		assert_int_equal(file_write_durably(file, text, strlen(text), 0644, &error), 0);
		return;
	}
	if (file_read(file, GOLDEN_BYTES_MAX, &wanted, &size, &error) < 0)
		fail_msg("%s", error.what);
	same = !strcmp(wanted, text);
	if (!same)
		difference_report(file, wanted, text);
	/* A failing assertion leaves by longjmp, past the cleanup attribute. */
	free(TAKE_PTR(wanted));
	assert_true(same);
}

int golden_run(const char *group, const char *directory, void (*test)(void **state))
{
	struct CMUnitTest *tests;
	char pattern[256];
	glob_t files;
	int failures;

	snprintf(pattern, sizeof(pattern), "%s/*.json", directory);
	if (glob(pattern, 0, NULL, &files)) {
		print_error("no file %s; run from the root of the repository\n", pattern);
		return 1;
	}
	tests = calloc(files.gl_pathc, sizeof(*tests));
	for (size_t i = 0; tests && i < files.gl_pathc; i++)
		tests[i] = (struct CMUnitTest){.name = strrchr(files.gl_pathv[i], '/') + 1,
					       .test_func = test,
					       .initial_state = files.gl_pathv[i]};
	failures = tests ? _cmocka_run_group_tests(group, tests, files.gl_pathc, NULL, NULL) : 1;
	free(tests);
	globfree(&files);
	return failures;
}

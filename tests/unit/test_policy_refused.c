/* SPDX-License-Identifier: GPL-2.0 */
/* Node and role files that must be refused, each with the error that it must earn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"
#include "policy_dump.h"

#define DIRECTORY "tests/unit/golden/refused"
#define ROLES_DIR "tests/unit/golden/roles"

static void refused_with_its_error(void **state)
{
	struct tables tables, untouched;
	struct warnings warnings = {.list = (void *)1, .count = 7};
	struct error error = {0};
	char *text = NULL, name[256];
	size_t size;
	FILE *out;
	int r;

	memset(&tables, 0x5a, sizeof(tables));
	untouched = tables;
	r = policy_compile(*state, ROLES_DIR, &tables, &warnings, &error);
	assert_true(r < 0);
	assert_memory_equal(&tables, &untouched, sizeof(tables));
	assert_int_equal(warnings.count, 7);
	/* Who asks for no error gets the same answer. */
	assert_int_equal(policy_compile(*state, ROLES_DIR, &tables, NULL, NULL), r);

	out = open_memstream(&text, &size);
	dump_error(out, r, &error);
	fclose(out);
	golden_name(*state, ".txt", name, sizeof(name));
	golden_compare(name, text);
	free(text);
}

int main(void)
{
	return golden_run("policy refused", DIRECTORY, refused_with_its_error);
}

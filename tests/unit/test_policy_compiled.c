/* SPDX-License-Identifier: GPL-2.0 */
/* A compiled policy comes back from its text as it was, or not at all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tables/compiled.h"
#include "golden.h"
#include "policy_dump.h"

#define DIRECTORY "tests/unit/golden/accepted"
#define ROLES_DIR "tests/unit/golden/roles"

/*
 * How far apart are the bytes at which a text is damaged: a prime, so that all kinds have a turn.
 */
#define STRIDE 37

static char *dump(const struct tables *tables)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	dump_tables(out, tables);
	fclose(out);
	return text;
}

static void expect_same(const struct tables *tables, const struct tables *again)
{
	char *before = dump(tables), *after = dump(again);

	assert_string_equal(before, after);
	assert_int_equal(tables->text_size, again->text_size);
	assert_memory_equal(tables->text, again->text, tables->text_size + 1);
	assert_memory_equal(tables->ports, again->ports, 2 * 65536 * sizeof(*tables->ports));
	assert_int_equal(tables->mode_given, again->mode_given);
	for (size_t i = 0; i < tables->rule_count; i++)
		assert_memory_equal(&tables->rules[i], &again->rules[i], sizeof(*tables->rules));
	free(before);
	free(after);
}

static void expect_refused(const char *text, size_t size)
{
	struct tables none = {0};

	if (compiled_read("copy", text, size, &none, NULL) == 0)
		fail_msg("read, though damaged: %.*s", (int)size, text);
}

static void expect_damage_is_seen(char *text, size_t size)
{
	for (size_t cut = 0; cut < size; cut += STRIDE)
		expect_refused(text, cut);
	for (size_t at = 0; at < size; at += STRIDE) {
		text[at] ^= 1;
		expect_refused(text, size);
		text[at] ^= 1;
	}
}

static void expect_its_node_file_is_known(const char *text, size_t size, const char *node_file)
{
	char *other = strdup(node_file);

	assert_int_equal(compiled_is_of(text, size, node_file), 1);
	assert_int_equal(compiled_is_of(text, size, node_file + 1), 0);
	other[strlen(other) / 2] ^= 1;
	assert_int_equal(compiled_is_of(text, size, other), 0);
	assert_int_equal(compiled_is_of(text, 1, node_file), 0);
	free(other);
}

static void comes_back_as_it_was(void **state)
{
	struct tables tables = {0}, again = {0};
	struct error error = {0};
	char *text = NULL;
	size_t size = 0;

	if (policy_compile(*state, ROLES_DIR, &tables, NULL, &error))
		fail_msg("%s: %s", error.where, error.what);
	assert_int_equal(compiled_write(&tables, tables.flags, &text, &size), 0);
	if (compiled_read("copy", text, size, &again, &error))
		fail_msg("%s", error.what);
	expect_same(&tables, &again);
	expect_its_node_file_is_known(text, size, tables.text);
	expect_damage_is_seen(text, size);
	tables_free(&again);
	tables_free(&tables);
	free(text);
}

int main(void)
{
	return golden_run("compiled policies", DIRECTORY, comes_back_as_it_was);
}

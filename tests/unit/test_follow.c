/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names that stand for other addresses: a compiled policy becomes what it would be had it been
 * compiled with them, to the byte.
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

#include <jansson.h>

#include "policy/cidr.h"
#include "policy/compile.h"
#include "policy/resolved.h"
#include "tables/compiled.h"
#include "tables/follow.h"
#include "util/array.h"

#define ROLES_DIR "tests/unit/golden/roles"

#define HEAD                                                                                       \
	"{ \"version\": 1, \"node\": \"n1\", \"profile\": \"test\", \"roles\": [], "               \
	"\"interfaces\": { \"eth0\": { \"zone\": \"external\"%s }, "                               \
	"\"eth1\": { \"zone\": \"internal\" } }, "

#define TWO_NAMES                                                                                  \
	"\"sets\": { \"gw\": [\"name:GW.example.net\", \"192.0.2.9\", \"name:b.example.net\"],"    \
	" \"office\": { \"sources\": [\"203.0.113.0/24\", \"name:b.example.net\"],"                \
	" \"on\": [\"eth0\"] } },"                                                                 \
	" \"services\": [ { \"name\": \"s\", \"proto\": \"tcp\", \"port\": 7000,"                  \
	" \"from\": [\"gw\"] }, { \"name\": \"t\", \"proto\": \"tcp\", \"port\": 7001,"            \
	" \"from\": [\"office\", \"internal\", \"198.51.100.7\"] } ] "

static const struct {
	const char *sources; /* of eth0 */
	const char *rest;
} nodes[] = {
	{"", TWO_NAMES "}"},
	{", \"sources\": { \"internal\": [\"203.0.113.0/25\", \"2001:db8::/32\"],"
	 " \"vpn\": [\"203.0.113.7\"] }",
	 TWO_NAMES ", \"management\": [\"203.0.113.0/26\", \"192.0.2.0/24\"] }"},
	{", \"sources\": { \"internal\": [\"::/0\", \"0.0.0.0/0\"] }",
	 TWO_NAMES ", \"management\": [\"gw\"], \"never_ban\": [\"office\", \"203.0.113.7\","
		   " \"::/0\"] }"},
	{"", TWO_NAMES ", \"never_ban\": [\"gw\", \"office\"], \"management\": [\"office\"] }"},
};

static const char *const answers[] = {
	"",
	"\"gw.example.net\": { \"addresses\": [\"203.0.113.7\", \"2001:db8::7\"] },"
	" \"b.example.net\": { \"addresses\": [\"203.0.113.7\", \"198.51.100.7\"] }",
	"\"gw.example.net\": { \"addresses\": [\"203.0.113.9\"] },"
	" \"b.example.net\": { \"addresses\": [\"2001:db8:1::1\"] }",
	"\"gw.example.net\": { \"addresses\": [\"192.0.2.9\", \"192.0.2.200\"] },"
	" \"b.example.net\": { \"addresses\": [] }",
};

static char directory[] = "/tmp/rolewall-follow-XXXXXX";
static char node_path[64], names_path[64];

static int directory_make(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(node_path, sizeof(node_path), "%s/node.json", directory);
	snprintf(names_path, sizeof(names_path), "%s/" RESOLVED_FILE, directory);
	return 0;
}

static int directory_remove(void **state)
{
	unlink(node_path);
	unlink(names_path);
	return rmdir(directory);
}

static void __attribute__((format(printf, 2, 3)))
file_write(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "w");
	va_list args;

	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	assert_int_equal(fclose(file), 0);
}

static struct tables compiled(size_t node, size_t answer)
{
	const struct policy_source source = {
		.node_file = node_path, .roles_dir = ROLES_DIR, .resolved_dir = directory};
	struct tables tables = {0};
	struct error error = {0};

	file_write(node_path, HEAD "%s", nodes[node].sources, nodes[node].rest);
	file_write(names_path, "{ \"version\": 1, \"names\": { %s } }", answers[answer]);
	if (policy_compile_from(&source, &tables, NULL, &error))
		fail_msg("%s: %s", error.where, error.what);
	return tables;
}

/* What the answer says, as the daemon would have it. */
struct parsed {
	uint8_t addresses[2][4][16];
	struct name_addresses names[2];
};

static void answer_parse(size_t answer, struct parsed *ret)
{
	static const char *const names[] = {"gw.example.net", "b.example.net"};
	char text[512];
	json_t *json;

	snprintf(text, sizeof(text), "{ %s }", answers[answer]);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *list = json_object_get(json_object_get(json, names[i]), "addresses");

		ret->names[i] =
			(struct name_addresses){names[i], ret->addresses[i], json_array_size(list)};
		for (size_t k = 0; k < json_array_size(list); k++) {
			struct cidr cidr;

			assert_int_equal(
				cidr_parse(json_string_value(json_array_get(list, k)), &cidr, NULL),
				0);
			memcpy(ret->addresses[i][k], cidr.source, 16);
		}
	}
	json_decref(json);
}

static char *text_of(const struct tables *tables)
{
	size_t size;
	char *text;

	assert_int_equal(compiled_write(tables, tables->flags, &text, &size), 0);
	return text;
}

/* A policy of the daemon's has been through its text. */
static struct tables read_again(const struct tables *tables)
{
	struct tables again = {0};
	char *text = text_of(tables);

	assert_int_equal(compiled_read("copy", text, strlen(text), &again, NULL), 0);
	free(text);
	return again;
}

static void expect_followed(size_t node, size_t from, size_t to)
{
	struct tables before = compiled(node, from), after = compiled(node, to);
	struct tables followed = read_again(&before);
	char *expected = text_of(&after), *found;
	struct error error = {0};
	struct parsed parsed;
	bool changed;

	answer_parse(to, &parsed);
	assert_int_equal(tables_follow(&followed, parsed.names, 2, &changed, &error), 0);
	assert_int_equal(changed, from != to);
	found = text_of(&followed);
	assert_string_equal(found, expected);
	free(found);
	free(expected);
	tables_free(&before);
	tables_free(&after);
	tables_free(&followed);
}

static void what_is_followed_is_what_would_be_compiled(void **state)
{
	for (size_t node = 0; node < ARRAY_SIZE(nodes); node++)
		for (size_t from = 0; from < ARRAY_SIZE(answers); from++)
			for (size_t to = 0; to < ARRAY_SIZE(answers); to++)
				expect_followed(node, from, to);
}

static void a_name_that_is_not_told_of_keeps_what_it_has(void **state)
{
	static const uint8_t other[1][16] = {{[10] = 0xff, 0xff, 198, 51, 100, 99}};
	const struct name_addresses one = {"B.example.NET", other, 1};
	struct tables tables = compiled(0, 1);
	struct error error = {0};
	bool changed;

	assert_int_equal(tables_follow(&tables, &one, 1, &changed, &error), 0);
	assert_true(changed);
	assert_int_equal(tables.sets[0].source_count, 4);
	assert_int_equal(tables.sets[0].sources[1].host, 1);
	assert_int_equal(tables.sets[0].sources[3].host, 2);
	assert_memory_equal(tables.sets[0].sources[3].source, other[0], 16);
	assert_int_equal(tables_follow(&tables, &one, 1, &changed, &error), 0);
	assert_false(changed);
	assert_int_equal(tables_follow(&tables, NULL, 0, &changed, &error), 0);
	assert_false(changed);
	tables_free(&tables);
}

static void more_than_fits_is_refused(void **state)
{
	uint8_t(*many)[16] = calloc(RW_SET_SOURCES, 16);
	const struct name_addresses one = {"b.example.net", many, RW_SET_SOURCES};
	struct tables tables = compiled(0, 1);
	struct error error = {0};
	bool changed;

	assert_non_null(many);
	for (uint32_t i = 0; i < RW_SET_SOURCES; i++) {
		many[i][0] = 0x20;
		memcpy(many[i] + 12, &i, sizeof(i));
	}
	assert_int_equal(tables_follow(&tables, &one, 1, &changed, &error), -E2BIG);
	assert_non_null(strstr(error.what, "sources of sets"));
	tables_free(&tables);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_followed_is_what_would_be_compiled),
		cmocka_unit_test(a_name_that_is_not_told_of_keeps_what_it_has),
		cmocka_unit_test(more_than_fits_is_refused),
	};

	return cmocka_run_group_tests(tests, directory_make, directory_remove);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets: names that were resolved, and two policies whose sets have other bits. What is written of
 * them, and refused, is in golden/; what a trie makes of them in test_policy_prefixes.c.
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

#include "policy/compile.h"
#include "policy/resolved.h"
#include "policy/set_tables.h"
#include "tables/admit.h"
#include "tables/compare.h"
#include "tables/set_compare.h"

#define ROLES_DIR "tests/unit/golden/roles"

static char directory[] = "/tmp/rolewall-sets-XXXXXX";
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

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int compile(const char *sets, const char *services, struct tables *ret, struct error *error)
{
	const struct policy_source source = {
		.node_file = node_path, .roles_dir = ROLES_DIR, .resolved_dir = directory};
	char text[4096];

	snprintf(text, sizeof(text),
		 "{ \"version\": 1, \"node\": \"n1\", \"profile\": \"test\", \"roles\": [],"
		 " \"interfaces\": { \"eth0\": { \"zone\": \"external\" } }, \"sets\": { %s },"
		 " \"services\": [ %s ] }",
		 sets, services);
	file_write(node_path, text);
	*error = (struct error){0};
	return policy_compile_from(&source, ret, NULL, error);
}

static struct tables compiled(const char *sets, const char *services)
{
	struct tables tables = {0};
	struct error error;

	assert_int_equal(compile(sets, services, &tables, &error), 0);
	return tables;
}

static uint64_t bits_of(const struct tables *tables, const char *address)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(address, &cidr, NULL), 0);
	return tables_zone(tables, "eth0", cidr.source);
}

#define SERVICE(port, from)                                                                        \
	"{ \"name\": \"s\", \"proto\": \"tcp\", \"port\": " port ", \"from\": [" from "] }"

static void a_name_has_the_addresses_that_it_was_resolved_to(void **state)
{
	const char *sets =
		"\"gw\": [\"192.0.2.9\", \"name:GW.example.net\", \"name:b.example.net\"]";
	struct tables tables;

	unlink(names_path);
	tables = compiled(sets, SERVICE("1", "\"gw\""));
	assert_int_equal(tables.sets[0].source_count, 1);
	assert_int_equal(tables.sets[0].host_count, 2);
	tables_free(&tables);

	file_write(names_path,
		   "{ \"version\": 1, \"names\": { \"gw.example.net\": { \"ttl\": 60,"
		   " \"addresses\": [\"203.0.113.7\", \"2001:db8::7\"] }, \"c.example.net\":"
		   " { \"addresses\": [\"203.0.113.8\"] } } }");
	tables = compiled(sets, SERVICE("1", "\"gw\""));
	assert_int_equal(tables.sets[0].source_count, 3);
	assert_int_equal(tables.sets[0].sources[0].host, 0);
	assert_int_equal(tables.sets[0].sources[1].host, 1);
	assert_string_equal(tables.sets[0].hosts[0].name, "GW.example.net");
	assert_true(bits_of(&tables, "192.0.2.9") == (RW_ZONE_EXTERNAL | RW_ZONE_SET(0)));
	assert_true(bits_of(&tables, "203.0.113.7") == (RW_ZONE_EXTERNAL | RW_ZONE_SET(0)));
	assert_true(bits_of(&tables, "2001:db8::7") == (RW_ZONE_EXTERNAL | RW_ZONE_SET(0)));
	assert_true(bits_of(&tables, "203.0.113.8") == RW_ZONE_EXTERNAL);
	tables_free(&tables);
}

static void a_damaged_record_of_names_is_refused(void **state)
{
	static const char *const damaged[] = {
		"{",
		"{ \"version\": 1, \"names\": { \"gw.example.net\": { \"addresses\": [7] } } }",
		"{ \"version\": 1, \"names\": { \"gw.example.net\":"
		" { \"addresses\": [\"203.0.113.0/24\"] } } }",
	};

	for (size_t i = 0; i < 3; i++) {
		struct tables tables = {0};
		struct error error;

		file_write(names_path, damaged[i]);
		assert_int_equal(compile("\"gw\": [\"name:gw.example.net\"]", "", &tables, &error),
				 -EINVAL);
		assert_non_null(strstr(error.hint, "daemon"));
		/* Who follows no name does not look. */
		assert_int_equal(compile("", "", &tables, &error), 0);
		tables_free(&tables);
	}
	unlink(names_path);
}

static struct changes compare(const struct tables *before, const struct tables *after)
{
	const struct rule *old[64], *new[64];
	struct changes changes = {0};

	for (size_t i = 0; i < before->rule_count; i++)
		old[i] = &before->rules[i];
	for (size_t i = 0; i < after->rule_count; i++)
		new[i] = &after->rules[i];
	assert_int_equal(rules_compare(&(struct rule_list){old, before->rule_count, before},
				       &(struct rule_list){new, after->rule_count, after},
				       &changes),
			 0);
	return changes;
}

/* A bit is each policy's own: that another set comes first changes nothing. */
static void sets_are_compared_by_name(void **state)
{
	struct tables before = compiled("\"office\": [\"192.0.2.1\"], \"home\": []",
					SERVICE("1", "\"office\", \"198.51.100.1\""));
	struct tables after = compiled("\"home\": [], \"new\": [], \"office\": [\"192.0.2.1\"]",
				       SERVICE("1", "\"office\", \"198.51.100.1\""));
	struct changes changes = compare(&before, &after);

	assert_int_equal(changes.count, 0);
	assert_int_equal(changes.unchanged, after.rule_count);
	changes_free(&changes);
	tables_free(&after);

	after = compiled("\"home\": [], \"office\": [\"192.0.2.1\"]",
			 SERVICE("1", "\"home\", \"198.51.100.2\""));
	changes = compare(&before, &after);
	assert_int_equal(changes.count, 1);
	assert_true(changes.list[0].opened == (RW_ZONE_SET(0) | RW_ZONE_SET(2)));
	assert_true(changes.list[0].closed == (RW_ZONE_SET(0) | RW_ZONE_SET(2)));
	changes_free(&changes);
	tables_free(&before);
	tables_free(&after);
}

static void what_a_set_gains_and_loses_is_told(void **state)
{
	struct tables before = compiled("\"a\": [\"192.0.2.1\", \"192.0.2.2\"], \"b\": []", "");
	struct tables after = compiled(
		"\"c\": [\"192.0.2.9\"], \"a\": { \"sources\": [\"192.0.2.3\", \"192.0.2.2\","
		" \"192.0.2.2\"], \"on\": [\"eth0\"] }",
		"");
	struct set_changes changes = {0};

	assert_int_equal(sets_compare(&before, &after, &changes), 0);
	assert_int_equal(changes.count, 3);
	assert_string_equal(changes.list[0].name, "c");
	assert_null(changes.list[0].before);
	assert_int_equal(changes.list[0].added.count, 1);
	assert_string_equal(changes.list[1].name, "a");
	assert_true(changes.list[1].on_changed);
	assert_int_equal(changes.list[1].added.count, 1);
	assert_int_equal(changes.list[1].added.list[0].source[15], 3);
	assert_int_equal(changes.list[1].removed.count, 1);
	assert_int_equal(changes.list[1].removed.list[0].source[15], 1);
	assert_string_equal(changes.list[2].name, "b");
	assert_null(changes.list[2].after);
	set_changes_free(&changes);
	assert_int_equal(sets_compare(&after, &after, &changes), 0);
	assert_int_equal(changes.count, 0);
	set_changes_free(&changes);
	tables_free(&before);
	tables_free(&after);
}

static void names_that_do_not_fit_are_cut(void **state)
{
	struct tables tables =
		compiled("\"office\": [], \"home\": []",
			 SERVICE("1", "\"home\", \"office\", \"192.0.2.1\", \"2001:db8::1\""));
	char text[TABLES_SETS_MAX], label[TABLES_SET_MAX];

	assert_string_equal(tables.rules[0].sets, "office,home,192.0.2.1,2001:db8::1");
	assert_string_equal(sets_names(&tables, RW_ZONE_SETS, text, 16), "office,home,...");
	assert_string_equal(sets_names(&tables, RW_ZONE_SETS, text, 15), "office,...");
	assert_string_equal(sets_names(&tables, 0, text, 15), "");
	assert_string_equal(set_label(&tables.sets[1], label), "home");
	assert_string_equal(set_label(&tables.sets[2], label), "192.0.2.1,...");
	tables_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_the_addresses_that_it_was_resolved_to),
		cmocka_unit_test(a_damaged_record_of_names_is_refused),
		cmocka_unit_test(sets_are_compared_by_name),
		cmocka_unit_test(what_a_set_gains_and_loses_is_told),
		cmocka_unit_test(names_that_do_not_fit_are_cut),
	};

	return cmocka_run_group_tests_name("policy sets", tests, directory_make, directory_remove);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are too large, too many or not there at all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/compile.h"
#include "policy/document.h"

#define ROLES_DIR "tests/unit/golden/roles"
#define HEAD                                                                                       \
	"{ \"version\": 1, \"node\": \"n1\", \"profile\": \"test\", \"roles\": [],"                \
	" \"interfaces\": { \"eth0\": { \"zone\": \"external\" } }, \"mode\": \"enforce\","

static char path[] = "/tmp/rolewall-limits-XXXXXX";

static int path_make(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int path_remove(void **state)
{
	return unlink(path);
}

static FILE *node_begin(const char *key)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, HEAD " \"%s\": [", key);
	return file;
}

static void node_end(FILE *file)
{
	fprintf(file, "] }\n");
	assert_int_equal(fclose(file), 0);
}

static int compile(struct tables *tables, struct error *error)
{
	*error = (struct error){0};
	return policy_compile(path, ROLES_DIR, tables, NULL, error);
}

static void services_write(int count)
{
	FILE *file = node_begin("services");

	for (int i = 0; i < count; i++)
		fprintf(file, "%s{\"name\":\"s\",\"proto\":\"%s\",\"port\":%d,\"from\":[\"vpn\"]}",
			i ? "," : "", i / 65535 ? "udp" : "tcp", i % 65535 + 1);
	node_end(file);
}

/* One rule of every-node, gossip over UDP, is not in the list; its TCP ports are. */
static void the_last_rule_that_fits_is_taken(void **state)
{
	struct tables tables = {0};
	struct error error;

	services_write(RW_RULES - 1);
	assert_int_equal(compile(&tables, &error), 0);
	assert_int_equal(tables.rule_count, RW_RULES);
	tables_free(&tables);
}

static void one_rule_too_many_is_refused(void **state)
{
	struct tables tables = {0};
	struct error error;

	services_write(RW_RULES);
	assert_int_equal(compile(&tables, &error), -EINVAL);
	assert_non_null(strstr(error.what, "65536 rules"));
}

/* One list of its own for each interface with a source of its own, and one for all others. */
static void sources_write(int interfaces, int sources, bool set)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "{ \"version\": 1, \"node\": \"n1\", \"profile\": \"test\", \"roles\": [],"
		      " \"interfaces\": {");
	for (int i = 0; i < interfaces; i++)
		fprintf(file,
			"%s\"eth%d\": { \"zone\": \"external\","
			" \"sources\": { \"vpn\": [\"192.0.2.%d\"] } }",
			i ? "," : "", i, i);
	fprintf(file, "}, %s [", set ? "\"sets\": { \"many\":" : "\"management\":");
	for (int i = 0; i < sources; i++)
		fprintf(file, "%s\n\"10.%d.%d.%d\"", i ? "," : "", i >> 16, i >> 8 & 255, i & 255);
	fprintf(file,
		"] %s, \"services\": [{ \"name\": \"s\", \"proto\": \"tcp\","
		" \"port\": 1, \"from\": [\"%s\"] }] }\n",
		set ? "}" : "", set ? "many" : "vpn");
	assert_int_equal(fclose(file), 0);
}

/* 7 lists of 32768, and 6 sources. */
static void prefixes_are_limited_over_all_lists(void **state)
{
	struct tables tables = {0};
	struct error error;

	sources_write(6, RW_PREFIXES / 8, false);
	assert_int_equal(compile(&tables, &error), 0);
	assert_int_equal(tables.elsewhere_count, RW_PREFIXES / 8);
	tables_free(&tables);
	sources_write(7, RW_PREFIXES / 8, false);
	assert_int_equal(compile(&tables, &error), -EINVAL);
	assert_non_null(strstr(error.what, "262151 source prefixes"));
}

static void prefixes_of_sets_are_limited(void **state)
{
	struct tables tables = {0};
	struct error error;

	sources_write(1, RW_SET_SOURCES, true);
	assert_int_equal(compile(&tables, &error), 0);
	assert_int_equal(tables.elsewhere_count, RW_SET_SOURCES);
	tables_free(&tables);
	sources_write(1, RW_SET_SOURCES + 1, true);
	assert_int_equal(compile(&tables, &error), -EINVAL);
	assert_non_null(strstr(error.what, "one more than the 65536 prefixes"));
	assert_non_null(strstr(error.where, ":65538:1"));
}

static void sets_write(int count)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, HEAD " \"sets\": {");
	for (int i = 0; i < count; i++)
		fprintf(file, "%s\n\"s%d\": []", i ? "," : "", i);
	fprintf(file, "}, \"services\": [{ \"name\": \"s\", \"proto\": \"tcp\", \"port\": 1,"
		      " \"from\": [\"192.0.2.1\"] }] }\n");
	assert_int_equal(fclose(file), 0);
}

/* The prefix in "from" is one, too. */
static void sets_are_limited(void **state)
{
	struct tables tables = {0};
	struct error error;

	sets_write(RW_SETS - 1);
	assert_int_equal(compile(&tables, &error), 0);
	assert_true(tables.ports[1].zones == RW_ZONE_SET(RW_SETS - 1));
	tables_free(&tables);
	sets_write(RW_SETS);
	assert_int_equal(compile(&tables, &error), -EINVAL);
	assert_non_null(strstr(error.what, "more than 48 sets"));
	assert_string_equal(error.path, "services[0].from[0]");
}

/* Bits of 64 are not to begin anew: no service has to name a prefix for that. */
static void sets_with_names_are_limited(void **state)
{
	struct tables tables = {0};
	struct error error;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, HEAD " \"sets\": {");
	for (int i = 0; i <= 64; i++)
		fprintf(file, "%s\n\"s%d\": [\"192.0.2.%d\"]", i ? "," : "", i, i);
	fprintf(file, "}, \"services\": [{ \"name\": \"s\", \"proto\": \"tcp\", \"port\": 1,"
		      " \"from\": [\"s64\"] }] }\n");
	assert_int_equal(fclose(file), 0);
	assert_int_equal(compile(&tables, &error), -EINVAL);
	assert_non_null(strstr(error.what, "more than 48 sets"));
	assert_string_equal(error.path, "sets.s48");
}

/* Each is compared with those before it, and the tables number them in 16 bits. */
static void hosts_of_a_set_are_limited(void **state)
{
	struct tables tables = {0};
	struct error error;

	for (int count = 1024; count <= 1025; count++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fprintf(file, HEAD " \"sets\": { \"s\": [");
		for (int i = 0; i < count; i++)
			fprintf(file, "%s\n\"name:h%d\"", i ? "," : "", i);
		fprintf(file, "] } }\n");
		assert_int_equal(fclose(file), 0);
		assert_int_equal(compile(&tables, &error), count > 1024 ? -EINVAL : 0);
		tables_free(&tables);
	}
	assert_non_null(strstr(error.what, "more than 1024 hosts"));
	assert_string_equal(error.path, "sets.s[1024]");
}

static void size_write(size_t size)
{
	FILE *file = node_begin("protocols");

	fprintf(file, "] }");
	fprintf(file, "%*s", (int)(size - ftell(file)), "");
	assert_int_equal(fclose(file), 0);
}

static void a_file_over_the_limit_is_refused(void **state)
{
	struct tables tables = {0};
	struct error error;

	size_write(DOCUMENT_BYTES_MAX);
	assert_int_equal(compile(&tables, &error), 0);
	tables_free(&tables);
	size_write(DOCUMENT_BYTES_MAX + 1);
	assert_int_equal(compile(&tables, &error), -EINVAL);
	assert_non_null(strstr(error.what, "larger than 4194304 bytes"));
}

static void a_missing_file_is_named(void **state)
{
	struct tables tables = {0};
	struct error error = {0};

	assert_int_equal(policy_compile("/nowhere/node.json", ROLES_DIR, &tables, NULL, &error),
			 -ENOENT);
	assert_non_null(strstr(error.what, "/nowhere/node.json"));
	assert_int_equal(policy_compile("/tmp", ROLES_DIR, &tables, NULL, &error), -EISDIR);
	services_write(1);
	assert_int_equal(policy_compile(path, "/nowhere", &tables, NULL, &error), -ENOENT);
	assert_non_null(strstr(error.what, "/nowhere"));
	assert_non_null(strstr(error.hint, "--roles-dir"));
}

/* Every beginning of a good file: refused with a place, never more than that. */
static void a_truncated_file_is_refused_at_every_byte(void **state)
{
	static const char node[] = HEAD " \"management\": [\"192.0.2.1\"], \"protocols\": [50] }";

	for (size_t size = 0; size < sizeof(node) - 1; size++) {
		struct tables tables = {0};
		struct error error;
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fwrite(node, 1, size, file);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(compile(&tables, &error), -EINVAL);
		assert_int_equal(strncmp(error.where, path, strlen(path)), 0);
		assert_true(error.what[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_rule_that_fits_is_taken),
		cmocka_unit_test(one_rule_too_many_is_refused),
		cmocka_unit_test(prefixes_are_limited_over_all_lists),
		cmocka_unit_test(prefixes_of_sets_are_limited),
		cmocka_unit_test(sets_are_limited),
		cmocka_unit_test(sets_with_names_are_limited),
		cmocka_unit_test(hosts_of_a_set_are_limited),
		cmocka_unit_test(a_file_over_the_limit_is_refused),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(a_truncated_file_is_refused_at_every_byte),
	};

	return cmocka_run_group_tests_name("policy limits", tests, path_make, path_remove);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* The role files of carbonio-ce-23.10 hold the rows of the requirements page, no more and no less.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/policy/model.h"
#include "../../user/util/array.h"

#define SEED	   "tests/unit/seed-ports.tsv"
#define ROLES	   "roles/carbonio-ce-23.10/*.json"
#define ROWS	   45
#define LINE_BYTES 160

struct lines {
	char (*list)[LINE_BYTES];
	size_t count;
};

static char *line_add(struct lines *lines)
{
	char *line = array_append(&lines->list, &lines->count, LINE_BYTES);

	assert_non_null(line);
	return line;
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void seed_read(struct lines *lines)
{
	FILE *file = fopen(SEED, "r");
	char line[LINE_BYTES];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		strcpy(line_add(lines), line);
	}
	fclose(file);
}

static void role_read(const char *path, struct lines *lines)
{
	struct role_model role = {0};
	struct error error = {0};

	if (role_model_read(path, &role, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	for (size_t i = 0; i < role.service_count; i++) {
		const struct service_model *service = &role.services[i];

		assert_int_equal(service->port, service->port_end);
		for (int l4 = RW_L4_TCP; l4 <= RW_L4_UDP; l4++)
			if (service->l4s & (1 << l4))
				snprintf(line_add(lines), LINE_BYTES, "%s\t%s\t%u\t%s\t%s\t%s",
					 role.name, word_of(words_tables, service->table),
					 service->port, word_of(words_l4, l4), service->name,
					 service->vpn_advised ? "yes" : "no");
	}
	role_model_free(&role);
}

static void roles_read(struct lines *lines)
{
	glob_t files;

	assert_int_equal(glob(ROLES, 0, NULL, &files), 0);
	assert_int_equal(files.gl_pathc, 8);
	for (size_t i = 0; i < files.gl_pathc; i++)
		role_read(files.gl_pathv[i], lines);
	globfree(&files);
}

static void roles_equal_the_page(void **state)
{
	struct lines seed = {0}, roles = {0};

	seed_read(&seed);
	roles_read(&roles);
	assert_int_equal(seed.count, ROWS);
	assert_int_equal(roles.count, ROWS);
	qsort(seed.list, seed.count, LINE_BYTES, line_compare);
	qsort(roles.list, roles.count, LINE_BYTES, line_compare);
	for (size_t i = 0; i < ROWS; i++)
		assert_string_equal(roles.list[i], seed.list[i]);
	free(seed.list);
	free(roles.list);
}

/* The page lists ssh as internal; a VPN is how an administrator gets in. Nothing else departs. */
static void only_ssh_departs_from_its_table(void **state)
{
	glob_t files;

	assert_int_equal(glob(ROLES, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct role_model role = {0};

		assert_int_equal(role_model_read(files.gl_pathv[i], &role, NULL), 0);
		for (size_t k = 0; k < role.service_count; k++) {
			const struct service_model *service = &role.services[k];

			if (strcmp(service->name, "ssh"))
				assert_int_equal(service->zones, service->table);
			else
				assert_int_equal(service->zones, RW_ZONE_INTERNAL | RW_ZONE_VPN);
		}
		role_model_free(&role);
	}
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_equal_the_page),
		cmocka_unit_test(only_ssh_departs_from_its_table),
	};

	return cmocka_run_group_tests_name("policy roles", tests, NULL, NULL);
}

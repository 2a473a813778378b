/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The role files of each profile hold the rows of the requirements page and of what its releases
 * changed, no more and no less. The tables compared with are typed by hand.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/profile.h"
#include "policy/words.h"
#include "util/array.h"

#define ROLES_DIR  "roles"
#define LINE_BYTES 160

/* What is known of a profile without looking at it. */
struct table {
	const char *profile;
	const char *file;
	size_t rows;
	size_t roles;
};

static const struct table tables[] = {
	{"carbonio-ce-23.10", "tests/unit/seed-ports.tsv", 45, 9},
	{"carbonio-ce-24.1", "tests/unit/profiles/carbonio-ce-24.1.tsv", 46, 9},
	{"carbonio-ce-24.12", "tests/unit/profiles/carbonio-ce-24.12.tsv", 48, 9},
	{"carbonio-ce-25.6", "tests/unit/profiles/carbonio-ce-25.6.tsv", 53, 9},
	{"carbonio-ce-26", "tests/unit/profiles/carbonio-ce-26.tsv", 13, 4},
};

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

static void table_read(const char *path, struct lines *lines)
{
	FILE *file = fopen(path, "r");
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

static void service_add(struct lines *lines, const char *role, const struct service_model *service)
{
	char ports[16];

	snprintf(ports, sizeof(ports), service->port == service->port_end ? "%u" : "%u-%u",
		 service->port, service->port_end);
	for (int l4 = RW_L4_TCP; l4 <= RW_L4_UDP; l4++)
		if (service->l4s & (1 << l4))
			snprintf(line_add(lines), LINE_BYTES, "%s\t%s\t%s\t%s\t%s\t%s", role,
				 word_of(words_tables, service->table), ports,
				 word_of(words_l4, l4), service->name,
				 service->vpn_advised ? "yes" : "no");
}

static struct profile profile_open(const char *name)
{
	struct profile profile = {0};
	struct error error = {0};

	if (profile_read(ROLES_DIR, name, &profile, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	return profile;
}

static void roles_equal_the_page(void **state)
{
	const struct table *table = *state;
	struct profile profile = profile_open(table->profile);
	struct lines page = {0}, roles = {0};

	table_read(table->file, &page);
	for (size_t i = 0; i < profile.role_count; i++)
		for (size_t k = 0; k < profile.roles[i].service_count; k++)
			service_add(&roles, profile.roles[i].name, &profile.roles[i].services[k]);
	assert_int_equal(profile.role_count, table->roles);
	assert_int_equal(page.count, table->rows);
	assert_int_equal(roles.count, table->rows);
	qsort(page.list, page.count, LINE_BYTES, line_compare);
	qsort(roles.list, roles.count, LINE_BYTES, line_compare);
	for (size_t i = 0; i < table->rows; i++)
		assert_string_equal(roles.list[i], page.list[i]);
	free(page.list);
	free(roles.list);
	profile_free(&profile);
}

/* The page lists ssh as internal; a VPN is how an administrator gets in. Nothing else departs. */
static void only_ssh_departs_from_its_table(void **state)
{
	const struct table *table = *state;
	struct profile profile = profile_open(table->profile);

	for (size_t i = 0; i < profile.role_count; i++) {
		for (size_t k = 0; k < profile.roles[i].service_count; k++) {
			const struct service_model *service = &profile.roles[i].services[k];

			if (strcmp(service->name, "ssh"))
				assert_int_equal(service->zones, service->table);
			else
				assert_int_equal(service->zones, RW_ZONE_INTERNAL | RW_ZONE_VPN);
		}
	}
	profile_free(&profile);
}

static void profiles_are_listed_in_the_order_of_releases(void **state)
{
	struct profile_names names = {0};

	assert_int_equal(profile_names_read(ROLES_DIR, &names, NULL), 0);
	assert_int_equal(names.count, ARRAY_SIZE(tables));
	for (size_t i = 0; i < names.count; i++)
		assert_string_equal(names.list[i], tables[i].profile);
	profile_names_free(&names);
}

/* --- moving from one to the next -------------------------------------------------------------- */

static struct role_change change_of(const char *from, const char *to, const char *role)
{
	struct profile old = profile_open(from), new = profile_open(to);
	struct role_change change = {0};

	assert_int_equal(roles_compare(profile_role(&old, role), profile_role(&new, role), &change),
			 0);
	profile_free(&old);
	profile_free(&new);
	return change;
}

static void assert_change(const struct change *change, int l4, unsigned int port,
			  unsigned int port_end)
{
	assert_int_equal(change->l4, l4);
	assert_int_equal(change->port, port);
	assert_int_equal(change->port_end, port_end);
}

static void a_wider_range_opens_only_what_is_new(void **state)
{
	struct role_change change = change_of("carbonio-ce-24.12", "carbonio-ce-25.6", "mesh");

	assert_int_equal(change.ports.count, 4);
	assert_change(&change.ports.list[0], RW_L4_TCP, 8600, 8600);
	assert_change(&change.ports.list[1], RW_L4_TCP, 15692, 15692);
	assert_change(&change.ports.list[2], RW_L4_TCP, 20000, 20999);
	assert_change(&change.ports.list[3], RW_L4_UDP, 8600, 8600);
	for (size_t i = 0; i < change.ports.count; i++) {
		assert_int_equal(change.ports.list[i].opened, RW_ZONE_INTERNAL);
		assert_int_equal(change.ports.list[i].closed, 0);
	}
	role_change_free(&change);
}

static void a_port_that_a_release_gave_up_is_closed(void **state)
{
	struct role_change change = change_of("carbonio-ce-24.12", "carbonio-ce-25.6", "appserver");

	assert_int_equal(change.ports.count, 1);
	assert_change(&change.ports.list[0], RW_L4_TCP, 8443, 8443);
	assert_int_equal(change.ports.list[0].closed, RW_ZONE_INTERNAL);
	role_change_free(&change);
}

static void a_role_that_is_gone_closes_all_it_had(void **state)
{
	struct role_change change = change_of("carbonio-ce-25.6", "carbonio-ce-26", "postgres");

	assert_int_equal(change.ports.count, 2);
	assert_change(&change.ports.list[0], RW_L4_TCP, 5432, 5432);
	assert_change(&change.ports.list[1], RW_L4_TCP, 9187, 9187);
	role_change_free(&change);
}

static void a_profile_that_is_not_there_is_guessed(void **state)
{
	struct profile profile = {0};
	struct error error = {0};

	assert_int_equal(profile_read(ROLES_DIR, "carbonio-ce-24.11", &profile, &error), -ENOENT);
	assert_non_null(strstr(error.hint, "carbonio-ce-24.1"));
	assert_int_equal(profile_read(ROLES_DIR, "../roles/carbonio-ce-24.1", &profile, NULL),
			 -ENOENT);
}

#define ROLES_TEST(test, index)                                                                    \
	{                                                                                          \
#test " of " #index, test, NULL, NULL, (void *)&tables[index]                      \
	}
#define ROLES_TESTS(index)                                                                         \
	ROLES_TEST(roles_equal_the_page, index), ROLES_TEST(only_ssh_departs_from_its_table, index)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROLES_TESTS(0),
		ROLES_TESTS(1),
		ROLES_TESTS(2),
		ROLES_TESTS(3),
		ROLES_TESTS(4),
		cmocka_unit_test(profiles_are_listed_in_the_order_of_releases),
		cmocka_unit_test(a_wider_range_opens_only_what_is_new),
		cmocka_unit_test(a_port_that_a_release_gave_up_is_closed),
		cmocka_unit_test(a_role_that_is_gone_closes_all_it_had),
		cmocka_unit_test(a_profile_that_is_not_there_is_guessed),
	};

	return cmocka_run_group_tests_name("policy roles", tests, NULL, NULL);
}

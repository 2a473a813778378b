/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The role files of each profile hold the rows of the requirements page of its release, no more and
 * no less, and what they add is marked. The tables compared with were taken from the pages, not from
 * the role files.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tables/profile.h"
#include "policy/words.h"
#include "util/array.h"

#define ROLES_DIR   "roles"
#define RELEASES    "tests/unit/profiles/carbonio-ports-by-release.tsv"
#define CORRECTIONS "tests/unit/profiles/carbonio-corrections.tsv"
#define STACKS	    "tests/unit/profiles/other-stacks.tsv"
#define SEED	    "tests/unit/seed-ports.tsv"
#define LINE_BYTES  160

/* The profiles there are, in the order of their names. */
static const struct known {
	const char *profile;
	const char *edition, *release; /* NULL: the table of releases does not have it */
	size_t rows;		       /* that the page has */
	size_t roles;
} known[] = {
	{"carbonio-23.12", "carbonio", "23.12", 48, 9},
	{"carbonio-24.1", "carbonio", "24.1", 49, 9},
	{"carbonio-24.9", "carbonio", "24.9", 51, 10},
	{"carbonio-25.6", "carbonio", "25.6", 55, 10},
	{"carbonio-25.9", "carbonio", "25.9", 54, 11},
	{"carbonio-26", "carbonio", "25.9", 54, 11}, /* equals it */
	{"carbonio-ce-23.10", "carbonio-ce", "23.10", 45, 9},
	{"carbonio-ce-24.1", "carbonio-ce", "24.1", 46, 9},
	{"carbonio-ce-25.6", "carbonio-ce", "25.6", 54, 10},
	{"carbonio-ce-25.9", "carbonio-ce", "25.9", 53, 10},
	{"carbonio-ce-26", "carbonio-ce", "26.x", 12, 4},
	/* Rows of the table of other stacks, ssh left out. */
	{"grommunio", NULL, NULL, 12, 3},
	{"iredmail", NULL, NULL, 25, 4},
	{"mailcow", NULL, NULL, 10, 2},
	{"mailu", NULL, NULL, 10, 2},
	{"postfix-dovecot", NULL, NULL, 15, 4},
	{"proxmox-mail-gateway", NULL, NULL, 3, 2},
	{"zimbra-10", NULL, NULL, 33, 10},
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

/* The table of releases: edition, release, table, role, ports, protocol. */
static void releases_read(const struct known *profile, struct lines *lines)
{
	FILE *file = fopen(RELEASES, "r");
	char line[LINE_BYTES];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char edition[32], release[16], table[16], role[32], ports[16], l4[8];

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%31s %15s %15s %31s %15s %7s", edition, release,
					table, role, ports, l4),
				 6);
		if (!strcmp(edition, profile->edition) && !strcmp(release, profile->release))
			snprintf(line_add(lines), LINE_BYTES, "%s %s %s %s", role, table, ports,
				 l4);
	}
	fclose(file);
}

/* The same of what the profiles add: profile, role, table, ports, protocol. */
static void corrections_read(const char *profile, struct lines *lines)
{
	FILE *file = fopen(CORRECTIONS, "r");
	char line[LINE_BYTES];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char name[32], role[32], table[16], ports[16], l4[8];

		if (line[0] == '#')
			continue;
		assert_int_equal(
			sscanf(line, "%31s %31s %15s %15s %7s", name, role, table, ports, l4), 5);
		/* What equals a release is corrected like it. */
		if (!strcmp(name, strcmp(profile, "carbonio-26") ? profile : "carbonio-25.9"))
			snprintf(line_add(lines), LINE_BYTES, "%s %s %s %s", role, table, ports,
				 l4);
	}
	fclose(file);
}

/* The page of 23.10 as it was typed, with names and the advice of a VPN. */
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

#define NOT_ON_THE_PAGE "Not on the page"

static bool is_addition(const struct service_model *service)
{
	return service->about && !strncmp(service->about, NOT_ON_THE_PAGE, strlen(NOT_ON_THE_PAGE));
}

typedef void (*line_write_fn)(char line[LINE_BYTES], const char *role,
			      const struct service_model *service, int l4);

static const char *ports_of(const struct service_model *service, char ret[16])
{
	snprintf(ret, 16, service->port == service->port_end ? "%u" : "%u-%u", service->port,
		 service->port_end);
	return ret;
}

static void line_short(char line[LINE_BYTES], const char *role, const struct service_model *service,
		       int l4)
{
	char ports[16];

	snprintf(line, LINE_BYTES, "%s %s %s %s", role,
		 service->loopback_only ? "loopback" : word_of(words_tables, service->table),
		 ports_of(service, ports), word_of(words_l4, l4));
}

static void line_long(char line[LINE_BYTES], const char *role, const struct service_model *service,
		      int l4)
{
	char ports[16];

	snprintf(line, LINE_BYTES, "%s\t%s\t%s\t%s\t%s\t%s", role,
		 word_of(words_tables, service->table), ports_of(service, ports),
		 word_of(words_l4, l4), service->name, service->vpn_advised ? "yes" : "no");
}

/* The services of a profile as lines: those of the page, or those that were added. */
static void profile_lines(const struct profile *profile, bool additions, line_write_fn write,
			  struct lines *lines)
{
	for (size_t i = 0; i < profile->role_count; i++) {
		for (size_t k = 0; k < profile->roles[i].service_count; k++) {
			const struct service_model *service = &profile->roles[i].services[k];

			if (is_addition(service) != additions)
				continue;
			for (int l4 = RW_L4_TCP; l4 <= RW_L4_UDP; l4++)
				if (service->l4s & (1 << l4))
					write(line_add(lines), profile->roles[i].name, service, l4);
		}
	}
}

static void assert_lines_equal(const char *profile, struct lines *found, struct lines *wanted)
{
	if (found->count)
		qsort(found->list, found->count, LINE_BYTES, line_compare);
	if (wanted->count)
		qsort(wanted->list, wanted->count, LINE_BYTES, line_compare);
	for (size_t i = 0; i < found->count && i < wanted->count; i++)
		if (strcmp(found->list[i], wanted->list[i]) != 0)
			fail_msg("%s has \"%s\" where the table has \"%s\"", profile,
				 found->list[i], wanted->list[i]);
	assert_int_equal(found->count, wanted->count);
	free(found->list);
	free(wanted->list);
}

static struct profile profile_open(const char *name)
{
	struct profile profile = {0};
	struct error error = {0};

	if (profile_read(ROLES_DIR, name, &profile, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	return profile;
}

static void a_profile_is_the_table_of_its_release(void **state)
{
	const struct known *expected = *state;
	struct profile profile = profile_open(expected->profile);
	struct lines page = {0}, roles = {0};

	releases_read(expected, &page);
	profile_lines(&profile, false, line_short, &roles);
	assert_int_equal(page.count, expected->rows);
	assert_int_equal(profile.role_count, expected->roles);
	assert_lines_equal(expected->profile, &roles, &page);
	profile_free(&profile);
}

static void what_a_profile_adds_to_its_table_is_marked(void **state)
{
	const struct known *expected = *state;
	struct profile profile = profile_open(expected->profile);
	struct lines corrections = {0}, roles = {0};

	corrections_read(expected->profile, &corrections);
	profile_lines(&profile, true, line_short, &roles);
	assert_lines_equal(expected->profile, &roles, &corrections);
	profile_free(&profile);
}

/* No row of the table belongs to no profile. */
static void every_release_of_the_table_is_a_profile(void **state)
{
	struct lines all = {0}, of_profiles = {0};
	FILE *file = fopen(RELEASES, "r");
	char line[LINE_BYTES];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (line[0] != '#')
			line_add(&all);
	fclose(file);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].edition && strcmp(known[i].profile, "carbonio-26"))
			releases_read(&known[i], &of_profiles);
	assert_int_equal(of_profiles.count, all.count);
	free(all.list);
	free(of_profiles.list);
}

static void names_and_advice_are_those_of_the_page(void **state)
{
	struct profile profile = profile_open("carbonio-ce-23.10");
	struct lines page = {0}, roles = {0};

	seed_read(&page);
	profile_lines(&profile, false, line_long, &roles);
	assert_lines_equal("carbonio-ce-23.10", &roles, &page);
	profile_free(&profile);
}

/* A service keeps its name from release to release: counters and node files hang on it. */
static void names_and_advice_stay_from_release_to_release(void **state)
{
	const struct known *expected = *state;
	struct profile profile = profile_open(expected->profile);
	struct lines page = {0}, roles = {0};

	seed_read(&page);
	profile_lines(&profile, false, line_long, &roles);
	for (size_t i = 0; i < roles.count; i++) {
		for (size_t k = 0; k < page.count; k++) {
			char left[LINE_BYTES], right[LINE_BYTES], *end;

			strcpy(left, roles.list[i]);
			strcpy(right, page.list[k]);
			/* Role, table, ports and protocol, without name and advice. */
			for (int tabs = 0; tabs < 2; tabs++) {
				end = strrchr(left, '\t');
				*end = '\0';
				end = strrchr(right, '\t');
				*end = '\0';
			}
			if (!strcmp(left, right))
				assert_string_equal(roles.list[i], page.list[k]);
		}
	}
	free(page.list);
	free(roles.list);
	profile_free(&profile);
}

/* --- other stacks ----------------------------------------------------------------------------- */

/* Lines "ROLE WHO PORTS", one for each port. */
static void stacks_read(const char *profile, struct lines *lines)
{
	FILE *file = fopen(STACKS, "r");
	char text[256];

	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		char name[32], role[32], who[32], *ports, *next;
		int length;

		if (text[0] == '#')
			continue;
		assert_int_equal(sscanf(text, "%31s %31s %31s %n", name, role, who, &length), 3);
		ports = strtok_r(text + length, " \n", &next);
		for (; ports && !strcmp(name, profile); ports = strtok_r(NULL, " \n", &next))
			snprintf(line_add(lines), LINE_BYTES, "%s %s %s", role, who, ports);
	}
	fclose(file);
}

static const char *who_of(const struct service_model *service)
{
	if (service->loopback_only)
		return "loopback";
	switch (service->zones) {
	case RW_ZONE_ALL:
		return service->vpn_advised ? "external+" : "external";
	case RW_ZONE_INTERNAL:
		return "internal";
	case RW_ZONE_VPN:
		return "vpn";
	case RW_ZONE_INTERNAL | RW_ZONE_VPN:
		return "internal,vpn";
	}
	return "?";
}

static bool is_ssh(const struct service_model *service)
{
	return !strcmp(service->name, "ssh") && service->port == 22 && service->port_end == 22 &&
	       !strcmp(who_of(service), "internal,vpn");
}

static void a_stack_is_its_table_and_ssh(void **state)
{
	const struct known *expected = *state;
	struct profile profile = profile_open(expected->profile);
	struct lines table = {0}, roles = {0};
	size_t ssh = 0;

	for (size_t i = 0; i < profile.role_count; i++) {
		for (size_t k = 0; k < profile.roles[i].service_count; k++) {
			const struct service_model *service = &profile.roles[i].services[k];
			char ports[16];

			assert_int_equal(service->l4s, 1 << RW_L4_TCP);
			if (is_ssh(service))
				ssh++;
			else
				snprintf(line_add(&roles), LINE_BYTES, "%s %s %s",
					 profile.roles[i].name, who_of(service),
					 ports_of(service, ports));
		}
	}
	assert_int_equal(ssh, 1);
	stacks_read(expected->profile, &table);
	assert_int_equal(table.count, expected->rows);
	assert_int_equal(profile.role_count, expected->roles);
	assert_lines_equal(expected->profile, &roles, &table);
	profile_free(&profile);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* The page lists ssh as internal; a VPN is how an administrator gets in. Nothing else departs. */
static void only_ssh_departs_from_its_table(void **state)
{
	const struct known *expected = *state;
	struct profile profile = profile_open(expected->profile);

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
	assert_int_equal(names.count, ARRAY_SIZE(known));
	for (size_t i = 0; i < names.count; i++)
		assert_string_equal(names.list[i], known[i].profile);
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
	struct role_change change = change_of("carbonio-ce-24.1", "carbonio-ce-25.6", "mesh");

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
	struct role_change change = change_of("carbonio-ce-25.6", "carbonio-ce-25.9", "proxy");

	assert_int_equal(change.ports.count, 1);
	assert_change(&change.ports.list[0], RW_L4_TCP, 11211, 11211);
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

	assert_int_equal(profile_read(ROLES_DIR, "carbonio-ce-24.12", &profile, &error), -ENOENT);
	assert_non_null(strstr(error.hint, "carbonio-ce-24.1"));
	assert_int_equal(profile_read(ROLES_DIR, "../roles/carbonio-ce-24.1", &profile, NULL),
			 -ENOENT);
}

#define ROLES_TEST(test, index)                                                                    \
	{                                                                                          \
#test " of " #index, test, NULL, NULL, (void *)&known[index]                       \
	}
#define ROLES_TESTS(index)                                                                         \
	ROLES_TEST(a_profile_is_the_table_of_its_release, index),                                  \
		ROLES_TEST(what_a_profile_adds_to_its_table_is_marked, index),                     \
		ROLES_TEST(names_and_advice_stay_from_release_to_release, index),                  \
		ROLES_TEST(only_ssh_departs_from_its_table, index)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROLES_TESTS(0),
		ROLES_TESTS(1),
		ROLES_TESTS(2),
		ROLES_TESTS(3),
		ROLES_TESTS(4),
		ROLES_TESTS(5),
		ROLES_TESTS(6),
		ROLES_TESTS(7),
		ROLES_TESTS(8),
		ROLES_TESTS(9),
		ROLES_TESTS(10),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 11),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 12),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 13),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 14),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 15),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 16),
		ROLES_TEST(a_stack_is_its_table_and_ssh, 17),
		cmocka_unit_test(every_release_of_the_table_is_a_profile),
		cmocka_unit_test(names_and_advice_are_those_of_the_page),
		cmocka_unit_test(profiles_are_listed_in_the_order_of_releases),
		cmocka_unit_test(a_wider_range_opens_only_what_is_new),
		cmocka_unit_test(a_port_that_a_release_gave_up_is_closed),
		cmocka_unit_test(a_role_that_is_gone_closes_all_it_had),
		cmocka_unit_test(a_profile_that_is_not_there_is_guessed),
	};

	return cmocka_run_group_tests_name("policy roles", tests, NULL, NULL);
}

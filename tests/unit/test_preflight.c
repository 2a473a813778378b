/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every row of the requirements passes, fails and, where it can, warns or is skipped: on fixtures
 * of whole systems, and on small changes to one of them. What is asked of the kernel:
 * test_enforcer.c; what DNS says is tested against a real server (tests/e2e/test_preflight.sh).
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "preflight/rows.h"
#include "util/array.h"
#include "checks.h"

#define FIXTURES "tests/unit/fixtures/"
#define GB	 UINT64_C(1000000000)

static void system_look(const char *root, enum requirements page, struct checks *checks)
{
	const struct preflight_request request = {.root = {root}, .page = page};

	hardware_check(&request, checks);
	system_check(&request, checks);
	redhat_check(&request, checks);
	assert_int_equal(checks_are_complete(checks), 0);
}

/* --- whole systems ---------------------------------------------------------------------------- */

struct expectation {
	const char *id;
	enum check_status status;
};

static void assert_system(const char *fixture, enum requirements page,
			  const struct expectation *expected)
{
	struct checks checks = {0};
	char root[128];

	snprintf(root, sizeof(root), FIXTURES "%s", fixture);
	system_look(root, page, &checks);
	for (; expected->id; expected++)
		assert_check(&checks, expected->id, expected->status);
	checks_free(&checks);
}

static void ubuntu_of_the_page_passes_it(void **state)
{
	static const struct expectation expected[] = {
		{"cpu", CHECK_PASS},	    {"memory", CHECK_PASS},  {"platform", CHECK_PASS},
		{"os", CHECK_PASS},	    {"python3", CHECK_PASS}, {"perl", CHECK_PASS},
		{"ipv6-off", CHECK_PASS},   {"user", CHECK_PASS},    {"hosts-no-ipv6", CHECK_PASS},
		{"rhel-repos", CHECK_SKIP}, {"selinux", CHECK_SKIP}, {NULL, 0},
	};

	assert_system("ubuntu-20.04", REQUIREMENTS_2023, expected);
}

static void red_hat_with_its_repositories_passes(void **state)
{
	static const struct expectation expected[] = {
		{"cpu", CHECK_PASS},	    {"memory", CHECK_PASS},   {"platform", CHECK_PASS},
		{"os", CHECK_PASS},	    {"ipv6-off", CHECK_PASS}, {"user", CHECK_PASS},
		{"rhel-repos", CHECK_PASS}, {"selinux", CHECK_PASS},  {NULL, 0},
	};

	assert_system("rhel-8", REQUIREMENTS_2023, expected);
}

static void a_bare_red_hat_fails_nearly_everything(void **state)
{
	static const struct expectation expected[] = {
		{"cpu", CHECK_FAIL},	    {"memory", CHECK_FAIL},  {"platform", CHECK_FAIL},
		{"os", CHECK_PASS},	    {"python3", CHECK_FAIL}, {"perl", CHECK_FAIL},
		{"ipv6-off", CHECK_FAIL},   {"user", CHECK_FAIL},    {"hosts-no-ipv6", CHECK_FAIL},
		{"rhel-repos", CHECK_FAIL}, {"selinux", CHECK_FAIL}, {NULL, 0},
	};

	assert_system("rhel-8-bare", REQUIREMENTS_2023, expected);
}

static void debian_is_possible_and_unsupported(void **state)
{
	static const struct expectation expected[] = {
		{"cpu", CHECK_WARN}, {"memory", CHECK_WARN},   {"platform", CHECK_WARN},
		{"os", CHECK_WARN},  {"ipv6-off", CHECK_FAIL}, {"hosts-no-ipv6", CHECK_WARN},
		{NULL, 0},
	};

	assert_system("debian-12", REQUIREMENTS_2023, expected);
}

static void the_page_of_2024_asks_for_newer_systems(void **state)
{
	static const struct expectation debian[] = {
		{"ipv6-off", CHECK_FAIL}, {"hosts-no-ipv6", CHECK_FAIL}, {NULL, 0}};
	static const struct expectation ubuntu[] = {{"os", CHECK_WARN}, {NULL, 0}};
	static const struct expectation red_hat[] = {{"os", CHECK_PASS}, {NULL, 0}};

	assert_system("debian-12", REQUIREMENTS_2024, debian);
	assert_system("ubuntu-20.04", REQUIREMENTS_2024, ubuntu);
	assert_system("rhel-8", REQUIREMENTS_2024, red_hat);
}

static void the_page_of_2026_minds_no_ipv6_and_asks_for_a_locale(void **state)
{
	static const struct expectation debian[] = {{"ipv6-off", CHECK_SKIP},
						    {"hosts-no-ipv6", CHECK_FAIL},
						    {"hosts-localhost", CHECK_PASS},
						    {"locale", CHECK_FAIL},
						    {NULL, 0}};

	assert_system("debian-12", REQUIREMENTS_2026, debian);
}

static void where_nothing_can_be_read_nothing_is_claimed(void **state)
{
	char root[] = "/tmp/rolewall-empty-XXXXXX";
	struct checks checks = {0};

	assert_non_null(mkdtemp(root));
	system_look(root, REQUIREMENTS_2023, &checks);
	assert_check(&checks, "cpu", CHECK_SKIP);
	assert_check(&checks, "memory", CHECK_SKIP);
	assert_check(&checks, "platform", CHECK_SKIP);
	assert_check(&checks, "os", CHECK_SKIP);
	assert_check(&checks, "ipv6-off", CHECK_SKIP);
	checks_free(&checks);
	rmdir(root);
}

/* --- one file at a time ----------------------------------------------------------------------- */

struct directory {
	char path[64];
};

static void directory_put(const struct directory *directory, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	for (char *slash = path + strlen(directory->path) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int directory_setup(void **state)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	strcpy(directory->path, "/tmp/rolewall-root-XXXXXX");
	*state = directory;
	return mkdtemp(directory->path) ? 0 : -1;
}

static int directory_teardown(void **state)
{
	struct directory *directory = *state;
	char command[128];
	int r;

	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", directory->path);
	r = system(command);
	free(directory);
	return r;
}

static void assert_directory(const struct directory *directory, enum requirements page,
			     const char *id, enum check_status status)
{
	struct checks checks = {0};

	system_look(directory->path, page, &checks);
	assert_check(&checks, id, status);
	checks_free(&checks);
}

static void os_put(const struct directory *directory, const char *id, const char *version)
{
	char text[128];

	snprintf(text, sizeof(text), "ID=\"%s\"\nVERSION_ID='%s'\n", id, version);
	directory_put(directory, "etc/os-release", text);
}

static void distributions_are_told_apart_by_name_and_version(void **state)
{
	static const struct {
		const char *id, *version;
		enum check_status page, today;
	} systems[] = {
		{"ubuntu", "20.04", CHECK_PASS, CHECK_WARN},
		{"ubuntu", "22.04", CHECK_WARN, CHECK_PASS},
		{"ubuntu", "24.04", CHECK_WARN, CHECK_PASS},
		{"ubuntu", "18.04", CHECK_WARN, CHECK_WARN},
		{"rhel", "8", CHECK_PASS, CHECK_PASS},
		{"rhel", "9.4", CHECK_WARN, CHECK_PASS},
		{"rhel", "80.1", CHECK_WARN, CHECK_WARN},
		{"rocky", "8.9", CHECK_WARN, CHECK_WARN},
		{"almalinux", "8", CHECK_WARN, CHECK_WARN},
		{"arch", "", CHECK_FAIL, CHECK_FAIL},
		{"fedora", "39", CHECK_FAIL, CHECK_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		os_put(*state, systems[i].id, systems[i].version);
		assert_directory(*state, REQUIREMENTS_2023, "os", systems[i].page);
		assert_directory(*state, REQUIREMENTS_2024, "os", systems[i].today);
	}
}

static void a_locale_is_read_where_each_distribution_keeps_it(void **state)
{
	static const struct {
		const char *file, *text;
		enum check_status status;
	} locales[] = {
		{"etc/locale.conf", "LANG=C.UTF-8\n", CHECK_FAIL},
		{"etc/locale.conf", "LANG=\"en_US.utf8\"\n", CHECK_PASS},
		{"etc/default/locale", "LANG=id_ID.UTF-8\n", CHECK_FAIL},
		{"etc/default/locale", "LANG=en_US.UTF-8\nLC_ALL=C\n", CHECK_FAIL},
		{"etc/default/locale", "# it\nLANG=en_US.UTF-8\n", CHECK_PASS},
	};

	assert_directory(*state, REQUIREMENTS_2026, "locale", CHECK_FAIL);
	for (size_t i = 0; i < ARRAY_SIZE(locales); i++) {
		directory_put(*state, locales[i].file, locales[i].text);
		assert_directory(*state, REQUIREMENTS_2026, "locale", locales[i].status);
	}
}

static void localhost_has_its_line(void **state)
{
	assert_directory(*state, REQUIREMENTS_2026, "hosts-localhost", CHECK_SKIP);
	directory_put(*state, "etc/hosts", "172.16.0.11 mail.example.com localhost\n");
	assert_directory(*state, REQUIREMENTS_2026, "hosts-localhost", CHECK_WARN);
	directory_put(*state, "etc/hosts", "127.0.0.1\tlocalhost localhost.localdomain\n");
	assert_directory(*state, REQUIREMENTS_2026, "hosts-localhost", CHECK_PASS);
}

static void memory_may_be_a_few_percent_under_its_name(void **state)
{
	directory_put(*state, "proc/meminfo", "MemTotal:       15770000 kB\n");
	assert_directory(*state, REQUIREMENTS_2023, "memory", CHECK_WARN);
	directory_put(*state, "proc/meminfo", "MemTotal:       15000000 kB\n");
	assert_directory(*state, REQUIREMENTS_2023, "memory", CHECK_FAIL);
	directory_put(*state, "proc/meminfo", "MemTotal:       31500000 kB\n");
	assert_directory(*state, REQUIREMENTS_2023, "memory", CHECK_PASS);
}

static void a_processor_of_another_kind_fails(void **state)
{
	directory_put(*state, "proc/cpuinfo",
		      "processor\t: 0\nBogoMIPS\t: 243\nFeatures\t: fp asimd\n\n");
	assert_directory(*state, REQUIREMENTS_2023, "cpu", CHECK_FAIL);
}

static void a_32_bit_processor_fails(void **state)
{
	char text[2048] = "";

	for (int i = 0; i < 8; i++)
		sprintf(text + strlen(text),
			"processor\t: %d\nvendor_id\t: GenuineIntel\nflags\t\t: fpu lme alm\n\n",
			i);
	directory_put(*state, "proc/cpuinfo", text);
	assert_directory(*state, REQUIREMENTS_2023, "cpu", CHECK_FAIL);
}

#define GUEST "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: lm hypervisor\n"

static void platforms_are_told_apart(void **state)
{
	static const struct {
		const char *vendor, *product;
		enum check_status status;
	} platforms[] = {
		{"VMware, Inc.", "VMware Virtual Platform", CHECK_PASS},
		{"Xen", "HVM domU", CHECK_PASS},
		{"QEMU", "Standard PC", CHECK_PASS},
		{"Red Hat", "KVM", CHECK_PASS},
		{"Some Cloud", "KVM Virtual Machine", CHECK_PASS},
		{"innotek GmbH", "VirtualBox", CHECK_WARN},
		{"Microsoft Corporation", "Virtual Machine", CHECK_WARN},
		{"Acme", "Hypervisor 9000", CHECK_WARN},
	};

	directory_put(*state, "proc/cpuinfo", GUEST);
	for (size_t i = 0; i < ARRAY_SIZE(platforms); i++) {
		directory_put(*state, "sys/class/dmi/id/sys_vendor", platforms[i].vendor);
		directory_put(*state, "sys/class/dmi/id/product_name", platforms[i].product);
		assert_directory(*state, REQUIREMENTS_2023, "platform", platforms[i].status);
	}
}

static void a_machine_without_a_hypervisor_passes(void **state)
{
	directory_put(*state, "proc/cpuinfo",
		      "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: lm\n");
	directory_put(*state, "sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
	assert_directory(*state, REQUIREMENTS_2023, "platform", CHECK_PASS);
}

static void ipv6_has_to_be_off_for_present_and_future_interfaces(void **state)
{
	directory_put(*state, "proc/sys/net/ipv6/conf/all/disable_ipv6", "1\n");
	directory_put(*state, "proc/sys/net/ipv6/conf/default/disable_ipv6", "0\n");
	assert_directory(*state, REQUIREMENTS_2023, "ipv6-off", CHECK_FAIL);
	directory_put(*state, "proc/sys/net/ipv6/conf/default/disable_ipv6", "1\n");
	assert_directory(*state, REQUIREMENTS_2023, "ipv6-off", CHECK_PASS);
}

static void hosts_may_mention_ipv6_only_in_comments(void **state)
{
	directory_put(*state, "etc/hosts", "127.0.0.1 localhost # was ::1\n#fe80::1 x\n");
	assert_directory(*state, REQUIREMENTS_2023, "hosts-no-ipv6", CHECK_PASS);
	directory_put(*state, "etc/hosts", "127.0.0.1 localhost\n\tff02::1 ip6-allnodes\n");
	assert_directory(*state, REQUIREMENTS_2023, "hosts-no-ipv6", CHECK_FAIL);
}

static void hosts_may_not_put_the_node_on_loopback(void **state)
{
	directory_put(*state, "etc/hostname", "mail.example.com\n");
	directory_put(*state, "etc/hosts",
		      "127.0.0.1 localhost\n127.0.1.1\tmail.example.com.evil\n");
	assert_directory(*state, REQUIREMENTS_2024, "hosts-no-ipv6", CHECK_PASS);
	directory_put(*state, "etc/hosts", "127.0.1.1\tmail mail.example.com\n");
	assert_directory(*state, REQUIREMENTS_2024, "hosts-no-ipv6", CHECK_FAIL);
	assert_directory(*state, REQUIREMENTS_2023, "hosts-no-ipv6", CHECK_WARN);
}

static void selinux_has_to_be_right_now_and_after_a_restart(void **state)
{
	os_put(*state, "rhel", "8.9");
	assert_directory(*state, REQUIREMENTS_2023, "selinux",
			 CHECK_PASS); /* without it: disabled */
	directory_put(*state, "etc/selinux/config", "SELINUX=disabled\n");
	directory_put(*state, "sys/fs/selinux/enforce", "1");
	assert_directory(*state, REQUIREMENTS_2023, "selinux", CHECK_FAIL);
	directory_put(*state, "sys/fs/selinux/enforce", "0");
	assert_directory(*state, REQUIREMENTS_2023, "selinux", CHECK_PASS);
	directory_put(*state, "etc/selinux/config", "#SELINUX=permissive\nSELINUX=enforcing\n");
	assert_directory(*state, REQUIREMENTS_2023, "selinux", CHECK_FAIL);
}

static void a_repository_counts_only_where_it_is_enabled(void **state)
{
	static const char *const base = "[rhel-8-for-x86_64-baseos-rpms]\nname=x\n"
					"[rhel-8-for-x86_64-appstream-rpms]\nenabled=1\n";
	char text[512];

	os_put(*state, "rhel", "8.9");
	assert_directory(*state, REQUIREMENTS_2023, "rhel-repos", CHECK_FAIL);
	directory_put(*state, "etc/yum.repos.d/redhat.repo", base);
	assert_directory(*state, REQUIREMENTS_2023, "rhel-repos", CHECK_FAIL);
	snprintf(text, sizeof(text), "%s[codeready-builder-for-rhel-8-x86_64-rpms]\nenabled = 0\n",
		 base);
	directory_put(*state, "etc/yum.repos.d/redhat.repo", text);
	assert_directory(*state, REQUIREMENTS_2023, "rhel-repos", CHECK_FAIL);
	directory_put(*state, "etc/yum.repos.d/extra.repo",
		      "[codeready-builder-for-rhel-8-x86_64-rpms]\nenabled=1\n");
	assert_directory(*state, REQUIREMENTS_2023, "rhel-repos", CHECK_PASS);
}

static void the_fix_names_the_repositories_that_are_missing(void **state)
{
	struct checks checks = {0};

	system_look(FIXTURES "rhel-8-bare", false, &checks);
	assert_non_null(strstr(check_of(&checks, "rhel-repos")->fix,
			       "--enable=codeready-builder-for-rhel-8-x86_64-rpms"));
	assert_null(strstr(check_of(&checks, "rhel-repos")->fix, "baseos"));
	checks_free(&checks);
}

/* --- disk ------------------------------------------------------------------------------------- */

static enum check_status disk_status(uint64_t total, uint64_t free, uint64_t users, uint64_t quota)
{
	const struct preflight_request request = {.users = users, .quota = quota};
	const struct disk disk = {"/opt", total, free, false};
	struct checks checks = {0};
	enum check_status status;

	disk_check(&request, &disk, &checks);
	status = check_of(&checks, "disk")->status;
	checks_free(&checks);
	return status;
}

static void the_disk_holds_the_system_and_every_mailbox(void **state)
{
	assert_int_equal(disk_status(50 * GB, 50 * GB, 0, 0), CHECK_PASS);
	assert_int_equal(disk_status(40 * GB, 40 * GB, 0, 0), CHECK_FAIL);
	assert_int_equal(disk_status(100 * GB, 20 * GB, 0, 0), CHECK_WARN);
	/* The page's example: 20 mailboxes of 10 GB need about 250 GB. */
	assert_int_equal(disk_status(250 * GB, 240 * GB, 20, 10 * GB), CHECK_PASS);
	assert_int_equal(disk_status(200 * GB, 190 * GB, 20, 10 * GB), CHECK_FAIL);
}

/* --- the request ------------------------------------------------------------------------------ */

static void an_address_that_is_none_is_refused(void **state)
{
	struct preflight_request request = {.root = {FIXTURES "ubuntu-20.04"},
					    .public_ip = "198.51.100"};
	struct checks checks = {0};
	struct error error = {0};

	assert_int_equal(names_check(&request, &checks, &error), -EINVAL);
	assert_non_null(strstr(error.what, "198.51.100"));
	request.public_ip = NULL;
	request.dns = "nameserver";
	assert_int_equal(names_check(&request, &checks, &error), -EINVAL);
	assert_non_null(strstr(error.what, "nameserver"));
	checks_free(&checks);
}

static void a_private_address_is_not_public(void **state)
{
	static const char *const addresses[] = {"10.1.2.3",   "172.31.0.1", "192.168.0.1",
						"100.64.0.1", "127.0.0.1",  "203.0.113.7"};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		/* Port 1 of loopback refuses at once; the other rows do not matter here. */
		struct preflight_request request = {.root = {FIXTURES "ubuntu-20.04"},
						    .public_ip = addresses[i],
						    .dns = "127.0.0.1:1"};
		struct checks checks = {0};

		assert_int_equal(names_check(&request, &checks, NULL), 0);
		assert_check(&checks, "public-ip", CHECK_FAIL);
		checks_free(&checks);
	}
}

#define DIRECTORY_TEST(test)                                                                       \
	cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ubuntu_of_the_page_passes_it),
		cmocka_unit_test(red_hat_with_its_repositories_passes),
		cmocka_unit_test(a_bare_red_hat_fails_nearly_everything),
		cmocka_unit_test(debian_is_possible_and_unsupported),
		cmocka_unit_test(the_page_of_2024_asks_for_newer_systems),
		cmocka_unit_test(the_page_of_2026_minds_no_ipv6_and_asks_for_a_locale),
		cmocka_unit_test(where_nothing_can_be_read_nothing_is_claimed),
		DIRECTORY_TEST(distributions_are_told_apart_by_name_and_version),
		DIRECTORY_TEST(a_locale_is_read_where_each_distribution_keeps_it),
		DIRECTORY_TEST(localhost_has_its_line),
		DIRECTORY_TEST(memory_may_be_a_few_percent_under_its_name),
		DIRECTORY_TEST(a_processor_of_another_kind_fails),
		DIRECTORY_TEST(a_32_bit_processor_fails),
		DIRECTORY_TEST(platforms_are_told_apart),
		DIRECTORY_TEST(a_machine_without_a_hypervisor_passes),
		DIRECTORY_TEST(ipv6_has_to_be_off_for_present_and_future_interfaces),
		DIRECTORY_TEST(hosts_may_mention_ipv6_only_in_comments),
		DIRECTORY_TEST(hosts_may_not_put_the_node_on_loopback),
		DIRECTORY_TEST(selinux_has_to_be_right_now_and_after_a_restart),
		DIRECTORY_TEST(a_repository_counts_only_where_it_is_enabled),
		cmocka_unit_test(the_fix_names_the_repositories_that_are_missing),
		cmocka_unit_test(the_disk_holds_the_system_and_every_mailbox),
		cmocka_unit_test(an_address_that_is_none_is_refused),
		cmocka_unit_test(a_private_address_is_not_public),
	};

	return cmocka_run_group_tests_name("preflight", tests, NULL, NULL);
}

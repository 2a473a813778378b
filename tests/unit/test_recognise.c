/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hosts that are made up, and which of the shipped profiles each of them is recognised as. What is
 * really installed here plays no part.
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

#include "host/recognise.h"
#include "util/array.h"

#define ROLES_DIR "roles"
#define NAMES_MAX 8

/* What a host has; lists end with NULL. */
struct host {
	const char *packages[NAMES_MAX];
	const char *containers[NAMES_MAX];
	const char *files[NAMES_MAX]; /* from the root on, with their text behind "=" */
	uint16_t listens[NAMES_MAX];
};

static char root[] = "/tmp/rolewall-host-XXXXXX";

static int root_make(void **state)
{
	(void)state;
	strcpy(root, "/tmp/rolewall-host-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int root_remove(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", root);
	return system(command);
}

static void file_put(const char *name_and_text)
{
	const char *text = strchr(name_and_text, '=');
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s%.*s", root,
		 (int)(text ? text - name_and_text : (long)strlen(name_and_text)), name_and_text);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text ? text + 1 : "", file);
	fclose(file);
}

static size_t names_count(const char *const *names)
{
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

/* The facts borrow from the host: nothing is to be freed. */
static struct host_facts facts_of(const struct host *host)
{
	struct host_facts facts = {
		.root = root,
		.packages = (char **)host->packages,
		.package_count = names_count(host->packages),
		.containers = (char **)host->containers,
		.container_count = names_count(host->containers),
	};

	for (size_t i = 0; host->files[i]; i++)
		file_put(host->files[i]);
	for (size_t i = 0; host->listens[i]; i++)
		facts.listens[host->listens[i] / 8] |= (uint8_t)(1 << host->listens[i] % 8);
	return facts;
}

static void assert_recognised(const struct host *host, const char *profile)
{
	struct host_facts facts = facts_of(host);
	struct recognised found;
	struct error error = {0};

	if (profile_recognise(&facts, ROLES_DIR, &found, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	assert_string_equal(found.profile, profile);
}

/* --- releases --------------------------------------------------------------------------------- */

static void assert_release(const char *package, const char *release, const char *profile)
{
	char version[64];
	struct host host = {.packages = {"carbonio-mta", package}, .files = {version}};

	snprintf(version, sizeof(version), "/opt/zextras/.version=%s\n", release);
	assert_recognised(&host, profile);
}

static void between_two_releases_the_older_table_holds(void **state)
{
	static const struct {
		const char *package, *release, *profile;
	} cases[] = {
		{NULL, "23.10.0", "carbonio-ce-23.10"},
		{NULL, "23.12.1", "carbonio-ce-23.10"},
		{NULL, "24.1.0", "carbonio-ce-24.1"},
		{NULL, "24.12.0", "carbonio-ce-24.1"},
		{NULL, "25.6.0", "carbonio-ce-25.6"},
		{NULL, "Carbonio Release 25.10.0", "carbonio-ce-25.9"},
		{NULL, "26.0", "carbonio-ce-26"},
		{NULL, "27.3.0", "carbonio-ce-26"},
		{"carbonio-advanced", "24.5.0", "carbonio-24.1"},
		{"carbonio-files", "24.12.0", "carbonio-24.9"},
		{"carbonio-files-ce", "24.12.0", "carbonio-ce-24.1"},
		{"carbonio-storages", "25.9.0", "carbonio-25.9"},
		{"carbonio-advanced", "26.3.0", "carbonio-26"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_release(cases[i].package, cases[i].release, cases[i].profile);
}

static void a_release_before_every_table_has_the_oldest(void **state)
{
	assert_release(NULL, "22.11.0", "carbonio-ce-23.10");
	assert_release("carbonio-advanced", "22.11.0", "carbonio-23.12");
}

static void without_a_release_the_newest_table_of_several_nodes_holds(void **state)
{
	static const struct host mta = {.packages = {"carbonio-mta"}};
	static const struct host chats = {
		.packages = {"carbonio-message-dispatcher", "carbonio-mta"}};

	assert_recognised(&mta, "carbonio-ce-25.9");
	assert_recognised(&chats, "carbonio-26");
	assert_release(NULL, "unknown", "carbonio-ce-25.9");
}

/* --- roles ------------------------------------------------------------------------------------ */

static void a_clue_says_what_was_seen(void **state)
{
	static const struct host host = {
		.packages = {"libc6", "postgresql-16"},
		.containers = {"ghcr.io/mailcow/postfix:1.80"},
		.files = {"/etc/example"},
		.listens = {25},
	};
	static const struct {
		struct clue clue;
		const char *because; /* NULL: not seen */
	} cases[] = {
		{{CLUE_PACKAGE, "postgresql-[0-9]*", 0}, "the package postgresql-16 is installed"},
		{{CLUE_PACKAGE, "postgresql", 0}, NULL},
		{{CLUE_CONTAINER, "*mailcow/*", 0},
		 "there is a container of ghcr.io/mailcow/postfix:1.80"},
		{{CLUE_CONTAINER, "mailcow", 0}, NULL},
		{{CLUE_FILE, "/etc/example", 0}, "there is /etc/example"},
		{{CLUE_FILE, "/etc/other", 0}, NULL},
		{{CLUE_LISTENER, "", 25}, "port 25 is listened on"},
		{{CLUE_LISTENER, "", 26}, NULL},
	};
	struct host_facts facts = facts_of(&host);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct clue clue = cases[i].clue;
		const struct clues clues = {&clue, 1};
		char because[CLUE_TEXT_MAX];

		assert_int_equal(clues_find(&clues, &facts, because), cases[i].because != NULL);
		if (cases[i].because)
			assert_string_equal(because, cases[i].because);
	}
}

static void a_host_without_a_clue_is_nothing(void **state)
{
	static const struct host host = {.packages = {"bash", "libc6"}, .listens = {22}};
	char profile[TABLES_NAME_MAX];

	assert_recognised(&host, "");
	assert_int_equal(profile_fallback(ROLES_DIR, profile, NULL), 0);
	assert_string_equal(profile, "carbonio-ce-25.9");
}

/* --- other stacks ----------------------------------------------------------------------------- */

static void every_stack_is_recognised(void **state)
{
	static const struct {
		struct host host;
		const char *profile;
	} cases[] = {
		{{.packages = {"zimbra-core", "zimbra-mta", "postfix"}}, "zimbra-10"},
		{{.files = {"/opt/zimbra/bin/zmlocalconfig"}}, "zimbra-10"},
		{{.containers = {"ghcr.io/mailcow/postfix:1.80", "redis:7"}, .listens = {25, 443}},
		 "mailcow"},
		{{.containers = {"mailcowdockerized"}}, "mailcow"},
		{{.containers = {"ghcr.io/mailu/front:2024.06"}}, "mailu"},
		{{.files = {"/etc/iredmail-release=1.7"}, .packages = {"postfix", "dovecot-core"}},
		 "iredmail"},
		{{.packages = {"proxmox-mailgateway", "postfix"}}, "proxmox-mail-gateway"},
		{{.packages = {"proxmox-mailgateway-container"}}, "proxmox-mail-gateway"},
		{{.packages = {"gromox", "postfix"}}, "grommunio"},
		{{.packages = {"postfix", "dovecot-core"}}, "postfix-dovecot"},
		{{.packages = {"exim4-daemon-light"}}, "postfix-dovecot"},
		{{.listens = {22, 25}}, "postfix-dovecot"},
		{{.containers = {"nginx:1.27"}, .listens = {80, 443}}, ""},
		{{.packages = {"carbonio-mta", "postfix"}}, "carbonio-ce-25.9"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		root_remove(NULL);
		root_make(NULL);
		assert_recognised(&cases[i].host, cases[i].profile);
	}
}

/* The roles of `profile` that the host has clues of, comma separated. */
static void assert_roles(const struct host *host, const char *profile_name, const char *roles)
{
	struct host_facts facts = facts_of(host);
	struct profile profile = {0};
	char found[256] = "", because[CLUE_TEXT_MAX];

	assert_int_equal(profile_read(ROLES_DIR, profile_name, &profile, NULL), 0);
	for (size_t i = 0; i < profile.role_count; i++) {
		size_t used = strlen(found);

		if (clues_find(&profile.roles[i].clues, &facts, because))
			snprintf(found + used, sizeof(found) - used, "%s%s", used ? "," : "",
				 profile.roles[i].name);
	}
	assert_string_equal(found, roles);
	profile_free(&profile);
}

static void roles_are_what_is_installed_or_listens(void **state)
{
	static const struct host zimbra = {
		.packages = {"zimbra-core", "zimbra-mta", "zimbra-store", "zimbra-memcached"}};
	static const struct host plain = {.packages = {"postfix"}, .listens = {25, 993}};
	static const struct host satellite = {.packages = {"postfix"}};
	static const struct host mailu = {.containers = {"mailu"}};

	assert_roles(&zimbra, "zimbra-10", "mailbox,memcached,mta");
	assert_roles(&plain, "postfix-dovecot", "imap,mta");
	/* It sends mail, and listens on loopback alone. */
	assert_roles(&satellite, "postfix-dovecot", "");
	assert_roles(&mailu, "mailu", "mail");
}

#define RECOGNISE_TEST(test) cmocka_unit_test_setup_teardown(test, root_make, root_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECOGNISE_TEST(between_two_releases_the_older_table_holds),
		RECOGNISE_TEST(a_release_before_every_table_has_the_oldest),
		RECOGNISE_TEST(without_a_release_the_newest_table_of_several_nodes_holds),
		RECOGNISE_TEST(a_clue_says_what_was_seen),
		RECOGNISE_TEST(a_host_without_a_clue_is_nothing),
		RECOGNISE_TEST(every_stack_is_recognised),
		RECOGNISE_TEST(roles_are_what_is_installed_or_listens),
	};

	return cmocka_run_group_tests_name("recognise", tests, NULL, NULL);
}

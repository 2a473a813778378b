/* SPDX-License-Identifier: GPL-2.0 */
/* redhat.c - what only Red Hat Enterprise Linux and its children have: repositories, SELinux. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/os.h"
#include "preflight/rows.h"
#include "util/array.h"
#include "util/cleanup.h"

/* --- repositories ----------------------------------------------------------------------------- */

enum { REPO_ABSENT, REPO_DISABLED, REPO_ENABLED };

/* The section [id] of a .repo file; enabled unless it says otherwise (yum.conf(5)). */
static int repo_find_in(const char *text, const char *id)
{
	size_t length = strlen(id);
	struct text_line line;
	int found = REPO_ABSENT;
	bool inside = false;

	while (text_next_line(&text, &line)) {
		char copy[256];

		snprintf(copy, sizeof(copy), "%.*s", (int)line.length, line.begin);
		if (copy[0] == '[') {
			inside = !strncmp(copy + 1, id, length) && copy[length + 1] == ']';
			found = inside ? REPO_ENABLED : found;
		} else if (inside && !strncmp(copy, "enabled", 7)) {
			const char *value = copy + 7 + strspn(copy + 7, " \t=");

			found = *value == '0' || *value == 'n' || *value == 'F' || *value == 'f'
					? REPO_DISABLED
					: REPO_ENABLED;
		}
	}
	return found;
}

static int repo_find(const struct root *root, const char *id)
{
	char directory[PATH_MAX], path[300];
	_closedir_ DIR *dir =
		opendir(root_path(root, "etc/yum.repos.d", directory, sizeof(directory)));
	const struct dirent *entry;
	int found = REPO_ABSENT;

	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);
		_free_ char *text = NULL;
		int here;

		if (length < 5 || strcmp(entry->d_name + length - 5, ".repo") != 0)
			continue;
		snprintf(path, sizeof(path), "etc/yum.repos.d/%s", entry->d_name);
		text = root_read(root, path);
		here = repo_find_in(text, id);
		found = here > found ? here : found;
	}
	return found;
}

static void repos_check(const struct root *root, const struct os *os, struct checks *checks)
{
	char wanted[256], fix[384] = "", missing[192] = "";
	const struct check_words words = {"rhel-repos", wanted, fix};
	int major = atoi(os->version);
	char ids[3][64];

	snprintf(wanted, sizeof(wanted), "RHEL 8 only: BaseOS, AppStream and CodeReady enabled");
	if (strcmp(os->id, "rhel") != 0) {
		check_add(checks, &words, CHECK_SKIP, "this is not RHEL");
		return;
	}
	snprintf(ids[0], sizeof(ids[0]), "rhel-%d-for-x86_64-baseos-rpms", major);
	snprintf(ids[1], sizeof(ids[1]), "rhel-%d-for-x86_64-appstream-rpms", major);
	snprintf(ids[2], sizeof(ids[2]), "codeready-builder-for-rhel-%d-x86_64-rpms", major);
	snprintf(wanted, sizeof(wanted), "enabled: %s, %s, %s", ids[0], ids[1], ids[2]);
	snprintf(fix, sizeof(fix), "subscription-manager repos");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		size_t used = strlen(missing);

		if (repo_find(root, ids[i]) == REPO_ENABLED)
			continue;
		snprintf(missing + used, sizeof(missing) - used, "%s%s", used ? ", " : "", ids[i]);
		used = strlen(fix);
		snprintf(fix + used, sizeof(fix) - used, " --enable=%s", ids[i]);
	}
	if (missing[0])
		check_add(checks, &words, CHECK_FAIL, "not enabled: %s", missing);
	else
		check_add(checks, &words, CHECK_PASS, "all three enabled");
}

/* --- SELinux ---------------------------------------------------------------------------------- */

static bool is_redhat(const struct os *os)
{
	static const char *const ids[] = {"rhel", "almalinux", "rocky", "centos", "ol"};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (!strcmp(os->id, ids[i]))
			return true;
	return false;
}

/* The mode now and the mode after a restart must both be right. */
static void selinux_check(const struct root *root, const struct os *os, struct checks *checks)
{
	static const struct check_words words = {
		"selinux",
		"RHEL only: SELinux disabled or permissive, in /etc/selinux/config and at run time",
		"write SELINUX=permissive into /etc/selinux/config, then: setenforce 0"};
	_free_ char *config = root_read(root, "etc/selinux/config");
	char enforce[8], mode[32];
	const char *now;

	if (!is_redhat(os)) {
		check_add(checks, &words, CHECK_SKIP, "this is not RHEL");
		return;
	}
	root_line(root, "sys/fs/selinux/enforce", enforce, sizeof(enforce));
	now = !enforce[0] ? "disabled" : enforce[0] == '1' ? "enforcing" : "permissive";
	text_assignment(config, "SELINUX", mode, sizeof(mode));
	if (!mode[0])
		snprintf(mode, sizeof(mode), "%s", config ? "enforcing" : "disabled");
	check_add(checks, &words,
		  !strcmp(now, "enforcing") || !strcmp(mode, "enforcing") ? CHECK_FAIL : CHECK_PASS,
		  "%s now, %s in /etc/selinux/config", now, mode);
}

void redhat_check(const struct preflight_request *request, struct checks *checks)
{
	struct os os = os_read(&request->root);

	repos_check(&request->root, &os, checks);
	selinux_check(&request->root, &os, checks);
}

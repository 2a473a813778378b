/* SPDX-License-Identifier: GPL-2.0 */
/* system.c - distribution, languages, IPv6, the product's user. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preflight/os.h"
#include "preflight/rows.h"
#include "util/array.h"
#include "util/cleanup.h"

/* --- distribution ----------------------------------------------------------------------------- */

struct os os_read(const struct root *root)
{
	_free_ char *text = root_read(root, "etc/os-release");
	struct os os = {0};

	if (!text)
		text = root_read(root, "usr/lib/os-release");
	text_assignment(text, "ID", os.id, sizeof(os.id));
	text_assignment(text, "VERSION_ID", os.version, sizeof(os.version));
	text_assignment(text, "PRETTY_NAME", os.name, sizeof(os.name));
	return os;
}

bool os_is(const struct os *os, const char *id, const char *version)
{
	size_t length = strlen(version);

	return !strcmp(os->id, id) && !strncmp(os->version, version, length) &&
	       strchr(".", os->version[length]);
}

static enum check_status os_judge(const struct os *os, enum requirements page)
{
	bool today = page >= REQUIREMENTS_2024;
	static const char *const compatible[] = {"ubuntu", "rhel",   "debian", "almalinux",
						 "rocky",  "centos", "ol"};

	if (os_is(os, "rhel", "8") || os_is(os, "ubuntu", "20.04"))
		return today && os_is(os, "ubuntu", "20.04") ? CHECK_WARN : CHECK_PASS;
	if (today && (os_is(os, "ubuntu", "22.04") || os_is(os, "ubuntu", "24.04") ||
		      os_is(os, "rhel", "9")))
		return CHECK_PASS;
	for (size_t i = 0; i < ARRAY_SIZE(compatible); i++)
		if (!strcmp(os->id, compatible[i]))
			return CHECK_WARN;
	return CHECK_FAIL;
}

static void os_check(const struct preflight_request *request, struct checks *checks)
{
	const struct check_words words = {
		"os",
		request->page >= REQUIREMENTS_2024
			? "Ubuntu 22.04 or 24.04 LTS Server, RHEL 8 or 9, 64-bit"
			: "Ubuntu 20.04 LTS Server or RHEL 8, 64-bit",
		"install one of the wanted systems; compatible ones (Debian, AlmaLinux, Rocky) are "
		"possible, but not supported"};
	struct os os = os_read(&request->root);

	if (!os.id[0])
		check_add(checks, &words, CHECK_SKIP, "there is no /etc/os-release");
	else
		check_add(checks, &words, os_judge(&os, request->page), "%s",
			  os.name[0] ? os.name : os.id);
}

/* --- languages -------------------------------------------------------------------------------- */

static void program_check(const struct root *root, const char *program,
			  const struct check_words *words, struct checks *checks)
{
	static const char *const directories[] = {"usr/bin", "bin", "usr/local/bin"};
	char path[64], full[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], program);
		if (access(root_path(root, path, full, sizeof(full)), X_OK) == 0) {
			check_add(checks, words, CHECK_PASS, "/%s", path);
			return;
		}
	}
	check_add(checks, words, CHECK_FAIL, "there is no %s", program);
}

static void languages_check(const struct root *root, struct checks *checks)
{
	static const struct check_words python = {"python3",
						  "Python 3, the latest that the system has",
						  "apt install python3, or dnf install python3"};
	static const struct check_words perl = {"perl", "Perl, the latest that the system has",
						"apt install perl, or dnf install perl"};

	program_check(root, "python3", &python, checks);
	program_check(root, "perl", &perl, checks);
}

/* --- IPv6 ------------------------------------------------------------------------------------- */

static bool is_ipv6_off(const struct root *root, const char *which)
{
	char path[96], line[8];

	snprintf(path, sizeof(path), "proc/sys/net/ipv6/conf/%s/disable_ipv6", which);
	return !strcmp(root_line(root, path, line, sizeof(line)), "1");
}

static void ipv6_check(const struct preflight_request *request, struct checks *checks)
{
	static const struct check_words words = {
		"ipv6-off", "IPv6 disabled in the kernel",
		"write net.ipv6.conf.all.disable_ipv6=1 and net.ipv6.conf.default.disable_ipv6=1 "
		"into /etc/sysctl.d/60-no-ipv6.conf, then: sysctl --system"};
	const struct root *root = &request->root;
	bool minded = request->page < REQUIREMENTS_2026;

	if (!root_has(root, "proc/sys/net"))
		check_add(checks, &words, CHECK_SKIP, "/proc/sys/net cannot be read");
	else if (!root_has(root, "proc/sys/net/ipv6/conf"))
		check_add(checks, &words, CHECK_PASS, "the kernel has no IPv6");
	else if (is_ipv6_off(root, "all") && is_ipv6_off(root, "default"))
		check_add(checks, &words, CHECK_PASS, "disabled by sysctl");
	else
		check_add(checks, &words, minded ? CHECK_FAIL : CHECK_SKIP, "enabled%s",
			  minded ? "" : ", which this release no longer minds");
}

/* The first entry of /etc/hosts whose address has a colon. */
static bool hosts_find_ipv6(const char *text, char *ret, size_t size)
{
	struct text_line line;

	while (text_next_line(&text, &line)) {
		size_t start = strspn(line.begin, " \t");
		size_t end = start + strcspn(line.begin + start, " \t\r\n#");

		if (line.begin[start] != '#' && end <= line.length &&
		    memchr(line.begin + start, ':', end - start)) {
			snprintf(ret, size, "%.*s", (int)(line.length - start), line.begin + start);
			return true;
		}
	}
	return false;
}

/* Does the line "127.0.1.1 NAME ..." stand in it for this name? */
static bool hosts_put_on_loopback(const char *text, const char *name)
{
	struct text_line line;

	while (text_next_line(&text, &line)) {
		char copy[512], *rest = copy, *word;
		bool loopback;

		snprintf(copy, sizeof(copy), "%.*s", (int)line.length, line.begin);
		copy[strcspn(copy, "#")] = '\0';
		word = strtok_r(copy, " \t\r", &rest);
		loopback = word && !strncmp(word, "127.", 4);
		while (loopback && (word = strtok_r(NULL, " \t\r", &rest)))
			if (!strcmp(word, name))
				return true;
	}
	return false;
}

static void hosts_check(const struct preflight_request *request, struct checks *checks)
{
	static const struct check_words ipv6 = {
		"hosts-no-ipv6", "no IPv6 entry in /etc/hosts, and the node's name not on loopback",
		"put a # before each line of /etc/hosts that begins with an IPv6 address"};
	static const struct check_words loopback = {
		"hosts-no-ipv6", "no IPv6 entry in /etc/hosts, and the node's name not on loopback",
		"in /etc/hosts, give the node's name its LAN address in place of 127.x"};
	_free_ char *text = root_read(&request->root, "etc/hosts");
	char entry[128], name[256];

	root_line(&request->root, "etc/hostname", name, sizeof(name));
	if (hosts_find_ipv6(text, entry, sizeof(entry)))
		check_add(checks, &ipv6, CHECK_FAIL, "\"%s\"", entry);
	else if (name[0] && strcmp(name, "localhost") && hosts_put_on_loopback(text, name))
		check_add(checks, &loopback,
			  request->page >= REQUIREMENTS_2024 ? CHECK_FAIL : CHECK_WARN,
			  "the name %s has a loopback address there", name);
	else
		check_add(checks, &ipv6, CHECK_PASS, "%s",
			  text ? "no IPv6 entry" : "there is no /etc/hosts");
}

/* Since 26.6 the page wants it. */
static void localhost_check(const struct preflight_request *request, struct checks *checks)
{
	static const struct check_words words = {
		"hosts-localhost", "the line \"127.0.0.1 localhost\" in /etc/hosts (from 26.6 on)",
		"add the line \"127.0.0.1 localhost\" to /etc/hosts"};
	_free_ char *text = root_read(&request->root, "etc/hosts");

	if (!text)
		check_add(checks, &words, CHECK_SKIP, "/etc/hosts cannot be read");
	else if (hosts_put_on_loopback(text, "localhost"))
		check_add(checks, &words, CHECK_PASS, "it is there");
	else
		check_add(checks, &words, CHECK_WARN, "there is no such line");
}

/* --- locale ----------------------------------------------------------------------------------- */

/* "en_US.UTF-8", as "en_US.utf8" as well. */
static bool is_wanted_locale(const char *name)
{
	return !strcasecmp(name, "en_US.UTF-8") || !strcasecmp(name, "en_US.UTF8");
}

static void locale_check(const struct preflight_request *request, struct checks *checks)
{
	static const struct check_words words = {
		"locale", "the locale en_US.UTF-8",
		"localectl set-locale LANG=en_US.UTF-8 (on Ubuntu, locale-gen en_US.UTF-8 first)"};
	static const char *const files[] = {"etc/default/locale", "etc/locale.conf"};
	char name[64] = "", lc_all[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(files) && !name[0]; i++) {
		_free_ char *text = root_read(&request->root, files[i]);

		text_assignment(text, "LANG", name, sizeof(name));
		text_assignment(text, "LC_ALL", lc_all, sizeof(lc_all));
	}
	if (lc_all[0])
		memcpy(name, lc_all, sizeof(name));
	if (!name[0])
		check_add(checks, &words, CHECK_FAIL, "no locale is set");
	else
		check_add(checks, &words, is_wanted_locale(name) ? CHECK_PASS : CHECK_FAIL, "%s",
			  name);
}

/* --- user ------------------------------------------------------------------------------------- */

static bool has_user(const char *passwd, const char *name)
{
	size_t length = strlen(name);
	struct text_line line;

	while (text_next_line(&passwd, &line))
		if (line.length > length && !strncmp(line.begin, name, length) &&
		    line.begin[length] == ':')
			return true;
	return false;
}

static void user_check(const struct root *root, struct checks *checks)
{
	static const struct check_words words = {"user",
						 "the user zextras, which the installation creates",
						 "the installation is incomplete: run it again"};
	_free_ char *passwd = root_read(root, "etc/passwd");

	if (has_user(passwd, "zextras"))
		check_add(checks, &words, CHECK_PASS, "it exists");
	else if (root_has(root, "opt/zextras/bin"))
		check_add(checks, &words, CHECK_FAIL, "/opt/zextras is there, the user is not");
	else
		check_add(checks, &words, CHECK_PASS,
			  "not there, as it should be before the installation");
}

void system_check(const struct preflight_request *request, struct checks *checks)
{
	os_check(request, checks);
	languages_check(&request->root, checks);
	ipv6_check(request, checks);
	hosts_check(request, checks);
	if (request->page >= REQUIREMENTS_2026) {
		localhost_check(request, checks);
		locale_check(request, checks);
	}
	user_check(&request->root, checks);
}

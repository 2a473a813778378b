/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_preflight.c - rolewall preflight: has this host what a node needs? */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "policy/node.h"
#include "tables/profile.h"
#include "preflight/preflight.h"
#include "util/array.h"
#include "util/cleanup.h"

enum {
	OPTION_ROOT,
	OPTION_PROFILE,
	OPTION_DOMAIN,
	OPTION_PUBLIC_IP,
	OPTION_DNS,
	OPTION_DKIM_SELECTOR,
	OPTION_USERS,
	OPTION_QUOTA,
	OPTION_COUNT
};

static const struct option_spec preflight_options[] = {
	[OPTION_ROOT] = {"root", 0, "DIR",
			 "look at the system below DIR (an image, a mounted disk)"},
	[OPTION_PROFILE] = {"profile", 'p', "PROFILE",
			    "release to install (the node file's, else carbonio-ce-23.10)"},
	[OPTION_DOMAIN] = {"domain", 'd', "NAME", "domain of the mail addresses"},
	[OPTION_PUBLIC_IP] = {"public-ip", 0, "ADDRESS", "public address (the interfaces')"},
	[OPTION_DNS] = {"dns", 0, "SERVER",
			"DNS server, as ADDRESS or ADDRESS:PORT (the system's)"},
	[OPTION_DKIM_SELECTOR] = {"dkim-selector", 0, "NAME", "selector of the DKIM key"},
	[OPTION_USERS] = {"users", 0, "N", "mailboxes; with --quota, for the size of the disk"},
	[OPTION_QUOTA] = {"quota", 0, "SIZE", "size of a mailbox: 500M, 10G, 1T"},
};

#define PAGE_PROFILE "carbonio-ce-23.10" /* whose page it is without a node file */

static const char *const status_words[] = {
	[CHECK_PASS] = "pass",
	[CHECK_WARN] = "warn",
	[CHECK_FAIL] = "fail",
	[CHECK_SKIP] = "skip",
};

static const enum style status_styles[] = {
	[CHECK_PASS] = STYLE_GOOD,
	[CHECK_WARN] = STYLE_CARE,
	[CHECK_FAIL] = STYLE_BAD,
	[CHECK_SKIP] = STYLE_FAINT,
};

/* --- output ----------------------------------------------------------------------------------- */

static size_t count_of(const struct checks *checks, enum check_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < checks->count; i++)
		count += checks->list[i].status == status;
	return count;
}

static void preflight_print_json(const struct settings *settings, const struct checks *checks)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];

		json_array_append_new(list, json_make("{s:s, s:s, s:o, s:o, s:o}", "id", check->id,
						      "status", status_words[check->status],
						      "found", json_clean(check->found), "wanted",
						      json_clean(check->wanted), "fix",
						      json_clean(check->fix)));
	}
	print_json_list(settings, json_make("{s:o}", "checks", list), "checks");
}

static void add_check(struct libscols_table *table, const struct check *check)
{
	struct libscols_line *line = table_line(table);

	cell_set(line, 0, "%s", check->id);
	cell_set(line, 1, "%s", status_words[check->status]);
	cell_set(line, 2, "%s", check->found);
	cell_style(line, 1, status_styles[check->status]);
}

/* What is wanted, and the next step, only where they are missed: the table stays readable. */
static void print_fixes(const struct settings *settings, const struct checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];

		if (check->status != CHECK_FAIL && check->status != CHECK_WARN)
			continue;
		printf("\n%s%s%s: wanted: %s\n",
		       style_begin(settings, status_styles[check->status]), check->id,
		       style_end(settings, status_styles[check->status]), check->wanted);
		if (check->fix[0])
			printf("  fix: %s\n", check->fix);
	}
}

static void preflight_print(const struct settings *settings, const struct checks *checks)
{
	static const struct column columns[] = {
		{"CHECK", 0}, {"STATUS", 0}, {"FOUND", SCOLS_FL_WRAP}};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < checks->count; i++)
		add_check(table, &checks->list[i]);
	table_print(table);
	print_fixes(settings, checks);
	print_summary(settings, "\n%zu passed, %zu with a warning, %zu failed, %zu skipped.",
		      count_of(checks, CHECK_PASS), count_of(checks, CHECK_WARN),
		      count_of(checks, CHECK_FAIL), count_of(checks, CHECK_SKIP));
}

/* --- options ---------------------------------------------------------------------------------- */

static int number_parse(const struct settings *settings, const char *text, uint64_t *ret)
{
	char *end;

	if (!text)
		return 0;
	*ret = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && *ret <= 100000000)
		return 0;
	return report_failure(settings, "write it like 20", "\"%s\" is no number of users", text);
}

/* Powers of ten, as disks and quotas are sold. */
static int size_parse(const struct settings *settings, const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	uint64_t factor = 1;
	const char *unit;
	char *end;

	if (!text)
		return 0;
	*ret = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	for (const char *at = units; unit && at <= unit; at++)
		factor *= 1000;
	if (unit)
		end += end[1] == 'B' ? 2 : 1;
	if (text[0] < '0' || text[0] > '9' || *end || *ret > UINT64_MAX / factor / 100000000)
		return report_failure(settings, "write it like 500M, 10G or 1T",
				      "\"%s\" is no size", text);
	*ret *= factor;
	return 0;
}

static int root_check(const struct settings *settings, const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return 0;
	return report_failure(settings, "name a directory that holds etc, usr, ...",
			      "there is no directory \"%s\"", path);
}

/* A profile that was named must be there; one of a node file is another verb's business. */
static int page_find(const struct settings *settings, const char *asked, enum requirements *ret)
{
	_cleanup_(node_model_free) struct node_model node = {0};
	_cleanup_(manifest_free) struct manifest manifest = {0};
	_cleanup_(profile_free) struct profile profile = {0};
	const char *name = asked ? asked : PAGE_PROFILE;
	struct error error = {0};

	if (asked && profile_read(settings->roles_dir, asked, &profile, &error) < 0) {
		report_error(settings, &error);
		return -1;
	}
	if (!asked && node_model_read(settings->config, &node, NULL) == 0 && node.profile.name[0])
		name = node.profile.name;
	*ret = REQUIREMENTS_2023;
	if (profile_manifest_read(settings->roles_dir, name, &manifest, NULL) == 0)
		*ret = manifest.requirements;
	return 0;
}

static int request_parse(const struct settings *settings, const struct arguments *arguments,
			 struct preflight_request *ret)
{
	const char *const *options = arguments->options;

	ret->root.path = options[OPTION_ROOT] ? options[OPTION_ROOT] : "/";
	ret->domain = options[OPTION_DOMAIN];
	ret->public_ip = options[OPTION_PUBLIC_IP];
	ret->dns = options[OPTION_DNS];
	ret->dkim_selector = options[OPTION_DKIM_SELECTOR];
	if (root_check(settings, ret->root.path) ||
	    page_find(settings, options[OPTION_PROFILE], &ret->page) ||
	    number_parse(settings, options[OPTION_USERS], &ret->users) ||
	    size_parse(settings, options[OPTION_QUOTA], &ret->quota))
		return -1;
	if (!options[OPTION_USERS] != !options[OPTION_QUOTA])
		return report_failure(settings, "give both, like --users 20 --quota 10G",
				      "--users and --quota belong together");
	return 0;
}

static int preflight_verb_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(checks_free) struct checks checks = {0};
	struct preflight_request request = {0};
	struct error error = {0};
	int r;

	if (request_parse(settings, arguments, &request))
		return EXIT_USAGE;
	r = preflight_run(&request, &checks, &error);
	if (r < 0) {
		report_error(settings, &error);
		return r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	if (settings->output == OUTPUT_TABLE)
		preflight_print(settings, &checks);
	else
		preflight_print_json(settings, &checks);
	return count_of(&checks, CHECK_FAIL) ? EXIT_FINDINGS : EXIT_OK;
}

const struct verb verb_preflight = {
	.name = "preflight",
	.operands = "",
	.summary = "has this host what a node needs? hardware, system, DNS, kernel",
	.details = "Looks at every requirement of the page of the profile's release, and at what "
		   "enforcing needs.\n"
		   "Nothing is "
		   "changed; as root it knows more about the kernel. Exit code 10: something "
		   "failed.",
	.options = preflight_options,
	.option_count = OPTION_COUNT,
	.run = preflight_verb_run,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_init.c - rolewall init: a first node file from what this host looks like. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/proposal.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

enum { OPTION_PROFILE, OPTION_STDOUT, OPTION_FORCE, OPTION_COUNT };

static const struct option_spec init_options[] = {
	[OPTION_PROFILE] = {"profile", 0, "NAME", "take the roles of this profile"},
	[OPTION_STDOUT] = {"stdout", 0, NULL, "print it; write nothing"},
	[OPTION_FORCE] = {"force", 0, NULL, "replace a node file that is there"},
};
_Static_assert(ARRAY_SIZE(init_options) == OPTION_COUNT, "an option lacks its row");

static int proposal_load(const struct settings *settings, const char *profile, struct proposal *ret)
{
	_cleanup_(host_facts_free) struct host_facts facts = {0};
	struct error error = {0};
	int r = host_facts_read("", &facts, &error);

	if (r)
		return report_install(settings, r, &error);
	r = proposal_make(&facts, settings->roles_dir, profile, ret, &error);
	return r ? report_config(settings, r, &error) : EXIT_OK;
}

/* The directory of the node file is made, but not what is above it: a typo makes no tree. */
static int directory_make(const struct settings *settings)
{
	const char *slash = strrchr(settings->config, '/');
	char directory[4096];

	if (!slash || slash == settings->config)
		return EXIT_OK;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - settings->config),
		 settings->config);
	if (!mkdir(directory, 0755) || errno == EEXIST)
		return EXIT_OK;
	report_failure(settings, "make the directory above it, or choose another --config FILE",
		       "cannot make the directory %s: %s", directory, strerror(errno));
	return errno == EACCES || errno == EPERM ? EXIT_PERMISSION : EXIT_FAILED;
}

static int proposal_write(const struct settings *settings, const struct proposal *proposal,
			  bool force)
{
	_free_ char *text = json_dumps(proposal->node, JSON_INDENT(2));
	_free_ char *line = NULL;
	struct error error = {0};
	int length, r, code = directory_make(settings);

	if (code != EXIT_OK)
		return code;
	if (!force && access(settings->config, F_OK) == 0) {
		report_failure(settings,
			       "--force replaces it; --stdout only shows what it would be",
			       "there is a node file already: %s", settings->config);
		return EXIT_FAILED;
	}
	length = text ? asprintf(&line, "%s\n", text) : -1;
	if (length < 0)
		return report_install(settings, -ENOMEM, &error);
	r = file_write_durably(settings->config, line, length, 0644, &error);
	return r ? report_install(settings, r, &error) : EXIT_OK;
}

/* What was written must pass `check`; its warnings belong to the first look at it. */
static int proposal_check(const struct settings *settings)
{
	_cleanup_(config_free) struct config config = {0};
	int code = config_load(settings, &config);

	if (code == EXIT_OK)
		report_warnings(settings, &config.warnings);
	return code;
}

static int init_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(proposal_free) struct proposal proposal = {0};
	int code = proposal_load(settings, arguments->options[OPTION_PROFILE], &proposal);

	if (code != EXIT_OK)
		return code;
	if (!arguments->options[OPTION_STDOUT]) {
		code = proposal_write(settings, &proposal, arguments->options[OPTION_FORCE]);
		if (code == EXIT_OK)
			code = proposal_check(settings);
		if (code != EXIT_OK)
			return code;
	}
	for (size_t i = 0; i < json_array_size(proposal.notes); i++)
		report_note(settings, "%s", json_string_value(json_array_get(proposal.notes, i)));
	if (arguments->options[OPTION_STDOUT] || settings->output != OUTPUT_TABLE)
		print_json(settings, json_incref(proposal.node));
	else
		print_summary(settings,
			      "%s is written. Look at it, then try \"rolewall plan\" and "
			      "\"rolewall apply\".",
			      settings->config);
	return EXIT_OK;
}

const struct verb verb_init = {
	.name = "init",
	.operands = "",
	.summary = "write a first node file from what this host looks like, in mode observe",
	.details = "Looks at interfaces, routes, tunnels, packages, containers and listeners, and "
		   "says "
		   "why it decided what.\n"
		   "A node file that is there is not touched without --force.",
	.options = init_options,
	.option_count = OPTION_COUNT,
	.run = init_run,
};

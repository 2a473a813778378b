/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_apply.c - rolewall apply: compile, commit, attach. */
#include <string.h>
#include <sys/stat.h>

#include "cli/apply.h"
#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "util/array.h"
#include "util/cleanup.h"

enum { OPTION_CONFIRM, OPTION_OBSERVE, OPTION_FORCE, OPTION_COUNT };

static const struct option_spec apply_options[] = {
	[OPTION_CONFIRM] = {"confirm", 0, "[=SECONDS]",
			    "go back unless \"rolewall confirm\" comes in time (60)"},
	[OPTION_OBSERVE] = {"observe", 0, NULL, "mode observe, whatever the node file says"},
	[OPTION_FORCE] = {"force", 0, NULL,
			  "even if your own SSH session is cut, or could not come back; with "
			  "--confirm"},
};
_Static_assert(ARRAY_SIZE(apply_options) == OPTION_COUNT, "an option lacks its row");

static void warn_of_writer(const struct settings *settings, const char *path)
{
	struct stat file;

	if (stat(path, &file))
		return;
	if (file.st_uid != 0)
		report_warning(settings, path,
			       "it does not belong to root: its owner can open ports with the next "
			       "apply; \"chown root\" ends that");
	else if (file.st_mode & (S_IWGRP | S_IWOTH))
		report_warning(
			settings, path,
			"others may write to it, and open ports with the next apply; \"chmod "
			"go-w\" ends that");
}

/*
 * Anyone who can write the node file, or a list of prefixes that a set names, can open ports with
 * the next apply, or reload.
 */
static void warn_of_writers(const struct settings *settings, const struct tables *tables)
{
	warn_of_writer(settings, settings->config);
	for (size_t i = 0; i < tables->set_file_count; i++)
		if (strcmp(tables->set_files[i], settings->config) != 0)
			warn_of_writer(settings, tables->set_files[i]);
}

/* Compiled, and no danger to the caller's own session unless that is wanted. */
static int apply_check(const struct settings *settings, const struct arguments *arguments,
		       struct apply *apply)
{
	if (settings->output == OUTPUT_TABLE)
		report_warnings(settings, &apply->config->warnings);
	return apply_check_own_cut(settings, apply, arguments->options[OPTION_FORCE]);
}

static int apply_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(config_free) struct config config = {0};
	_json_ json_t *document = NULL;
	struct apply apply = apply_begin(settings, &config);
	int code;

	apply.request.observe = arguments->options[OPTION_OBSERVE];
	if (confirm_parse(settings, arguments->options[OPTION_CONFIRM],
			  &apply.request.confirm_seconds))
		return EXIT_USAGE;
	code = config_load_here(settings, &config);
	if (code != EXIT_OK)
		return code;
	warn_of_writers(settings, &config.tables);
	code = apply_check(settings, arguments, &apply);
	if (code == EXIT_OK)
		code = apply_install(settings, &apply);
	if (code != EXIT_OK)
		return code;
	code = apply_report(settings, &apply, &document);
	if (settings->output != OUTPUT_TABLE)
		print_json(settings, TAKE_PTR(document));
	return code;
}

const struct verb verb_apply = {
	.name = "apply",
	.operands = "",
	.summary = "compile the node file and put it in force, on every interface at once",
	.details = "The switch is one step: until it every error leaves the old policy in force, "
		   "untouched.\n"
		   "A node file without \"mode\" means observe: nothing is refused, what would be "
		   "is counted.\n"
		   "With --confirm the policy before it comes back by itself, whatever becomes of "
		   "your\n"
		   "terminal, unless \"rolewall confirm\" comes in time. A policy under which your "
		   "own SSH\n"
		   "session is banned, or could not be opened again, needs --force, and --confirm "
		   "with "
		   "it.",
	.options = apply_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = apply_run,
};

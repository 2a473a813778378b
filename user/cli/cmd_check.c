/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_check.c - rolewall check [FILE] */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "host/host_advice.h"
#include "host/recognise.h"
#include "kernel/lists/idle_bans.h"
#include "util/cleanup.h"

/* Every mistake; the first one is "error", too. */
static json_t *json_errors(const struct error *error)
{
	json_t *list = json_make("[]");
	size_t count = error && error->others ? error->others->count : 0;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_error(&error->others->list[i]));
	if (error && !count)
		json_array_append_new(list, json_error(error));
	return list;
}

static void check_print_json(const struct settings *settings, const struct warnings *warnings,
			     const struct error *error)
{
	print_json(settings, json_make("{s:b, s:o, s:o, s:o, s:o}", "ok", !error, "warnings",
				       json_warnings(warnings), "accepted", json_accepted(warnings),
				       "error", error ? json_error(error) : json_null(), "errors",
				       json_errors(error)));
}

static void check_print(const struct settings *settings, const char *file,
			const struct config *config)
{
	const struct tables *tables = &config->tables;
	char accepted[48] = "";

	report_warnings(settings, &config->warnings);
	if (accepted_count(&config->warnings))
		snprintf(accepted, sizeof(accepted), " (%zu more accepted)",
			 accepted_count(&config->warnings));
	print_summary(settings, "%s: ok: node %s, %zu role%s, %zu rule%s, mode %s, %zu warning%s%s",
		      file, tables->node, tables->role_count, plural(tables->role_count),
		      tables->rule_count, plural(tables->rule_count), mode_word(tables->flags),
		      config->warnings.count, plural(config->warnings.count), accepted);
}

static int check_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *file = arguments->operand_count ? arguments->operands[0] : settings->config;
	_cleanup_(config_free) struct config config = {0};
	struct policy_source source = config_source(settings);
	struct recognised found = {0};
	_cleanup_(errors_free) struct errors others = {0};
	struct error error = {.others = &others};
	int r;

	source.node_file = file;
	r = policy_compile_from(&source, &config.tables, &config.warnings, &error);

	/* A file that is named may be another host's. */
	if (!r && !arguments->operand_count)
		r = host_advise(&config.tables, &config.warnings);
	if (!r && !arguments->operand_count)
		r = idle_bans_advise(&settings->instance, &config.tables, &config.warnings);
	if (!r && !arguments->operand_count)
		r = profile_advise("", settings->roles_dir, &config.tables, &config.warnings,
				   &found);
	if (settings->output != OUTPUT_TABLE) {
		check_print_json(settings, &config.warnings, r ? &error : NULL);
		return r ? exit_code_config(r) : EXIT_OK;
	}
	/* The hint of a node file that is missing is about the one of --config. */
	if (r == -ENOENT && arguments->operand_count && !error.hint[0] && !error.where[0])
		error_hint(&error, "is that its name? Without FILE it is %s", settings->config);
	if (r)
		return report_config(settings, r, &error);
	check_print(settings, file, &config);
	if (found.profile[0] && !strcmp(found.profile, config.tables.profile))
		report_note(settings, "profile %s has the ports of the installed release, %s (%s)",
			    found.profile, found.release, found.release_file);
	return EXIT_OK;
}

const struct verb verb_check = {
	.name = "check",
	.operands = "[FILE]",
	.operands_max = 1,
	.summary = "validate a node file and the role files it names",
	.details = "Without FILE it is the one of --config, and this host is looked at as well: "
		   "interfaces that\n"
		   "are not there, forwarding, other firewalls (as root). Nothing is changed, and "
		   "root is not\n"
		   "needed.\n"
		   "Advice that is not followed is a warning; whatever cannot be enforced is an "
		   "error.",
	.run = check_run,
};

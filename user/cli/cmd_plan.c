/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_plan.c - rolewall plan: what apply would change. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/plan.h"
#include "cli/print.h"
#include "util/cleanup.h"

static int plan_show(const struct settings *settings, const struct snapshot *snapshot,
		     const struct config *config, bool elsewhere)
{
	_cleanup_(plan_free) struct plan plan = {
		.instance = &settings->instance,
		.config = config,
		.snapshot = snapshot,
		.elsewhere = elsewhere,
	};
	struct error error = {0};
	int r = plan_make(&plan, &error);

	if (r)
		return report_install(settings, r, &error);
	if (settings->output != OUTPUT_TABLE) {
		print_json(settings, json_plan(&plan));
		return EXIT_OK;
	}
	report_warnings(settings, &config->warnings);
	plan_print(settings, &plan);
	return EXIT_OK;
}

enum { OPTION_NODE, OPTION_COUNT };

static const struct option_spec plan_options[] = {
	[OPTION_NODE] = {"node", 'n', "NAME", "as if this host were that node of the cluster"},
};

static int plan_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(config_free) struct config config = {0};
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	struct error error = {0};
	const char *node = arguments->options[OPTION_NODE];
	int r, code = node ? config_load_as(settings, node, &config)
			   : config_load_here(settings, &config);
	bool elsewhere;

	if (code != EXIT_OK)
		return code;
	r = snapshot_read(&settings->instance, &snapshot, &error);
	if (r && r != -ENOENT)
		return report_kernel(settings, r, &error);
	elsewhere = node && (r || strcmp(node, snapshot.node) != 0);
	return plan_show(settings, r || elsewhere ? NULL : &snapshot, &config, elsewhere);
}

const struct verb verb_plan = {
	.name = "plan",
	.operands = "",
	.summary = "what apply would change: ports opened and closed, sources, mode, interfaces",
	.details =
		"Compares the node file with what is in force, port by port, zone by zone and\n"
		"source by source. A port that \"moves\" stays as open as it was, under another "
		"rule\n"
		"with counters of its own. TCP connections that are open stay open; those that "
		"could\n"
		"not be opened again are listed, and whether your own SSH session is among them.\n"
		"Nothing is changed.",
	.options = plan_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = plan_run,
};

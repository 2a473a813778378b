/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_apply.c - rolewall apply [--observe]: compile, commit, attach. */
#include <inttypes.h>

#include "../kernel/install.h"
#include "../util/array.h"
#include "../util/cleanup.h"
#include "cli.h"
#include "config.h"
#include "message.h"
#include "print.h"
#include "state.h"

enum { OPTION_OBSERVE, OPTION_COUNT };

static const struct option_spec apply_options[] = {
	[OPTION_OBSERVE] = {"observe", 0, NULL, "mode observe, whatever the node file says"},
};
_Static_assert(ARRAY_SIZE(apply_options) == OPTION_COUNT, "an option lacks its row");

static bool is_observing(const struct snapshot *snapshot)
{
	return !(snapshot->flags & RW_POLICY_ENFORCE);
}

static void print_generation(const struct settings *settings, const struct install_result *result,
			     const struct snapshot *snapshot)
{
	const char *care = tone_begin(settings, TONE_CARE);
	char replaced[64] = "";

	if (result->old_generation)
		snprintf(replaced, sizeof(replaced), ", in place of generation %" PRIu32,
			 result->old_generation);
	print_summary(settings,
		      "Generation %" PRIu32 " is in force on %s%s: %zu rules, mode %s%s%s.",
		      result->generation, snapshot->node, replaced, snapshot->rule_count,
		      is_observing(snapshot) ? care : tone_begin(settings, TONE_GOOD),
		      mode_word(snapshot->flags),
		      is_observing(snapshot) ? tone_end(settings, TONE_CARE)
					     : tone_end(settings, TONE_GOOD));
}

/* How to go on from mode observe. */
static void note_observe(const struct settings *settings, const struct tables *tables)
{
	bool file_enforces = tables->flags & RW_POLICY_ENFORCE;

	if (file_enforces)
		report_note(settings,
			    "nothing is refused yet; look at \"rolewall blocked\" for what "
			    "would be. To enforce, apply again without --observe");
	else
		report_note(
			settings,
			"nothing is refused yet; look at \"rolewall blocked\" for what would be. "
			"To enforce, write \"mode\": \"enforce\" into %s and apply again",
			settings->config);
}

static void apply_print_json(const struct settings *settings, const struct install_result *result,
			     const struct snapshot *snapshot, const struct warnings *warnings)
{
	print_json(settings,
		   json_make("{s:i, s:b, s:I, s:I, s:s, s:o, s:I, s:o, s:o}", "version", 1,
			     "applied", true, "generation", (json_int_t)result->generation,
			     "previous_generation", (json_int_t)result->old_generation, "mode",
			     mode_word(snapshot->flags), "node", json_text(snapshot->node), "rules",
			     (json_int_t)snapshot->rule_count, "interfaces",
			     json_interfaces(snapshot), "warnings", json_warnings(warnings)));
}

static int apply_report(const struct settings *settings, const struct install_result *result,
			const struct config *config)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	int code = state_load(settings, &snapshot);

	if (code != EXIT_OK)
		return code;
	if (result->waited)
		report_note(settings, "another apply was running; this one waited for it");
	if (settings->output != OUTPUT_TABLE) {
		apply_print_json(settings, result, &snapshot, &config->warnings);
	} else if (!settings->quiet) {
		print_generation(settings, result, &snapshot);
		state_print_interfaces(settings, &snapshot);
	}
	if (is_observing(&snapshot))
		note_observe(settings, &config->tables);
	return state_report_problems(settings, &snapshot);
}

static int apply_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(config_free) struct config config = {0};
	struct install_request request = {
		.tables = &config.tables,
		.node_file = settings->config,
		.observe = arguments->options[OPTION_OBSERVE],
	};
	struct install_result done = {0};
	struct error error = {0};
	int result, code = config_load(settings, &config);

	if (code != EXIT_OK)
		return code;
	if (settings->output == OUTPUT_TABLE)
		report_warnings(settings, &config.warnings);
	result = install_policy(&settings->instance, &request, &done, &error);
	if (result)
		return report_install(settings, result, &error);
	return apply_report(settings, &done, &config);
}

const struct verb verb_apply = {
	.name = "apply",
	.operands = "",
	.summary = "compile the node file and put it in force, on every interface at once",
	.details = "The switch is one step: until it every error leaves the old policy in force, "
		   "untouched.\n"
		   "A node file without \"mode\" means observe: nothing is refused, what would be "
		   "is counted.",
	.options = apply_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = apply_run,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_help.c - rolewall help [VERB] */
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/usage.h"

static json_t *json_options(const struct option_spec *options, size_t count)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < count; i++) {
		const char letter[] = {options[i].letter, '\0'};

		json_append(&list,
			    json_make("{s:s, s:o, s:o, s:s}", "name", options[i].name, "letter",
				      json_clean(letter), "argument",
				      json_clean(options[i].argument), "about", options[i].about));
	}
	return list;
}

/* `only`: NULL for every verb. */
static void help_print_json(const struct settings *settings, const struct verb *only)
{
	json_t *list = json_make("[]");

	for (const struct verb *const *verb = verb_table; *verb; verb++)
		if (!only || *verb == only)
			json_append(
				&list,
				json_make("{s:s, s:o, s:s, s:o, s:o}", "name", (*verb)->name,
					  "operands", json_clean((*verb)->operands), "summary",
					  (*verb)->summary, "details", json_clean((*verb)->details),
					  "options",
					  json_options((*verb)->options, (*verb)->option_count)));
	print_json_list(settings,
			json_make("{s:o, s:o}", "verbs", list, "options",
				  json_options(global_options, global_option_count)),
			"verbs");
}

static int help_run(const struct settings *settings, const struct arguments *arguments)
{
	const struct verb *verb = NULL;

	if (arguments->operand_count) {
		verb = verb_find(settings, arguments->operands[0]);
		if (!verb)
			return EXIT_USAGE;
	}
	if (settings->output != OUTPUT_TABLE)
		help_print_json(settings, verb);
	else if (verb)
		usage_print_verb(stdout, verb);
	else
		usage_print(stdout);
	return EXIT_OK;
}

const struct verb verb_help = {
	.name = "help",
	.operands = "[VERB]",
	.operands_max = 1,
	.summary = "how to use rolewall, or one of its verbs",
	.run = help_run,
};

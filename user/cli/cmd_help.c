/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_help.c - rolewall help [VERB] */
#include "cli/cli.h"
#include "cli/usage.h"

static int help_run(const struct settings *settings, const struct arguments *arguments)
{
	const struct verb *verb;

	if (!arguments->operand_count) {
		usage_print(stdout);
		return EXIT_OK;
	}
	verb = verb_find(settings, arguments->operands[0]);
	if (!verb)
		return EXIT_USAGE;
	usage_print_verb(stdout, verb);
	return EXIT_OK;
}

const struct verb verb_help = {
	.name = "help",
	.operands = "[VERB]",
	.operands_max = 1,
	.summary = "how to use rolewall, or one of its verbs",
	.run = help_run,
};

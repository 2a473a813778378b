/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_explain.c - rolewall explain SOURCE PORT[/PROTO]: what would happen, why, and what changes
 * it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/explain_report.h"
#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/target.h"
#include "kernel/observe/attempts.h"
#include "util/array.h"
#include "util/cleanup.h"

enum { OPTION_INTERFACE, OPTION_LAST, OPTION_COUNT };

static const struct option_spec explain_options[] = {
	[OPTION_INTERFACE] = {"interface", 0, "IF",
			      "where the packet arrives (the way back to "
			      "SOURCE)"},
	[OPTION_LAST] = {"last", 0, NULL, "the newest attempt that \"rolewall blocked\" shows"},
};
_Static_assert(ARRAY_SIZE(explain_options) == OPTION_COUNT, "an option lacks its row");

/* --- the verb --------------------------------------------------------------------------------- */

/* PORT SOURCE in place of SOURCE PORT. */
static int refuse_swapped(const struct settings *settings, char *const *words)
{
	char hint[256];

	snprintf(hint, sizeof(hint), "rolewall explain %s %s", words[1], words[0]);
	report_failure(settings, hint,
		       "the source comes first, then the port: SOURCE PORT[/PROTO]");
	return EXIT_USAGE;
}

static int question_parse(const struct settings *settings, const struct arguments *arguments,
			  struct question *ret)
{
	struct error error = {0};
	struct target target;
	struct cidr source;

	if (arguments->operand_count != 2) {
		report_failure(settings, "rolewall explain 203.0.113.9 443/tcp",
			       "explain needs a source address and a port, or --last");
		return EXIT_USAGE;
	}
	if (cidr_parse(arguments->operands[0], &source, &error)) {
		if (!cidr_parse(arguments->operands[1], &source, NULL))
			return refuse_swapped(settings, arguments->operands);
		report_error(settings, &error);
		return EXIT_USAGE;
	}
	if (source.length != 128) {
		report_failure(settings, "name one of its addresses",
			       "\"%s\" is a prefix, not an address", arguments->operands[0]);
		return EXIT_USAGE;
	}
	memcpy(ret->source, source.source, sizeof(ret->source));
	if (target_parse(settings, arguments->operands[1], false, &target))
		return EXIT_USAGE;
	ret->port = target.port;
	ret->l4 = target.l4;
	ret->interface = arguments->options[OPTION_INTERFACE];
	return EXIT_OK;
}

static void fact_print(void *context, const char *key, enum style style, const char *text)
{
	print_fact(context, key, style, "%s", text);
}

static int answer_give(const struct settings *settings, struct answer *answer)
{
	const struct answer_sink sink = {fact_print, (void *)settings};
	struct error error = {0};
	int r = answer_find(settings, answer, &error);

	if (r)
		return report_kernel(settings, r, &error);
	if (settings->output == OUTPUT_TABLE)
		answer_tell(answer, &sink);
	else
		print_json(settings, json_answer(answer));
	return EXIT_OK;
}

static int explain_last(const struct settings *settings)
{
	_cleanup_(attempts_free) struct attempts attempts = {0};
	_answer_ struct answer answer = {0};
	struct error error = {0};
	int r = attempts_read(&settings->instance, &attempts, &error);

	if (r)
		return report_kernel(settings, r, &error);
	if (!attempts.count) {
		report_failure(settings, NULL, "nothing was refused so far");
		return EXIT_FAILED;
	}
	answer.attempt = &attempts.list[0];
	return answer_give(settings, &answer);
}

static int explain_run_verb(const struct settings *settings, const struct arguments *arguments)
{
	_answer_ struct answer answer = {0};
	int code;

	if (arguments->options[OPTION_LAST])
		return explain_last(settings);
	code = question_parse(settings, arguments, &answer.question);
	return code == EXIT_OK ? answer_give(settings, &answer) : code;
}

const struct verb verb_explain = {
	.name = "explain",
	.operands = "SOURCE PORT[/PROTO]",
	.operands_max = 2,
	.summary = "would a new connection from SOURCE pass? verdict, reason, rule, remedy",
	.details = "Runs the program that guards the interface on a packet made for the question, "
		   "with "
		   "the\n"
		   "policy in force; nothing is counted. Without --interface it arrives where this "
		   "host would\n"
		   "send the answer.",
	.options = explain_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = explain_run_verb,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_unban.c - rolewall unban CIDR, or --all: take bans away. */
#include "../kernel/bans.h"
#include "../util/array.h"
#include "cli.h"
#include "config.h"
#include "message.h"
#include "print.h"
#include "term.h"

enum { OPTION_ALL, OPTION_COUNT };

static const struct option_spec unban_options[] = {
	[OPTION_ALL] = {"all", 0, NULL, "every ban there is"},
};
_Static_assert(ARRAY_SIZE(unban_options) == OPTION_COUNT, "an option lacks its row");

/* `source` is NULL for all. */
static int unban(const struct settings *settings, const struct cidr *source)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	struct error error = {0};
	size_t before;
	int result = source ? bans_open_for_one(&settings->instance, &ledger, &error)
			    : bans_open(&settings->instance, &ledger, &error);

	if (result)
		return report_kernel(settings, result, &error);
	ledger_report(settings, &ledger);
	before = bans_total(&ledger);
	result = source ? bans_remove(&ledger, source, &error) : bans_clear(&ledger, &error);
	if (result)
		return report_install(settings, result, &error);
	before -= bans_total(&ledger);
	if (settings->output != OUTPUT_TABLE)
		print_json(settings,
			   json_make("{s:i, s:I}", "version", 1, "removed", (json_int_t)before));
	else
		print_summary(settings, "%zu ban%s taken away; %zu left.", before, plural(before),
			      bans_total(&ledger));
	return EXIT_OK;
}

static int unban_run(const struct settings *settings, const struct arguments *arguments)
{
	bool all = arguments->options[OPTION_ALL];
	struct cidr source;
	int code;

	if (all == (arguments->operand_count != 0)) {
		report_failure(settings, "\"rolewall help unban\" shows how it is used",
			       "unban needs either an address or prefix, or --all");
		return EXIT_USAGE;
	}
	if (all)
		return unban(settings, NULL);
	code = source_parse(settings, arguments->operands[0], &source);
	return code == EXIT_OK ? unban(settings, &source) : code;
}

const struct verb verb_unban = {
	.name = "unban",
	.operands = "[CIDR]",
	.operands_max = 1,
	.summary = "take a ban away",
	.details = "CIDR is a ban as \"rolewall bans\" lists it. Exits with 1 if there is no such "
		   "ban.",
	.options = unban_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = unban_run,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_ban.c - rolewall ban CIDR: a source that gets nothing from now on. */
#include "../kernel/bans.h"
#include "../util/array.h"
#include "cli.h"
#include "message.h"
#include "print.h"
#include "term.h"

enum { OPTION_FOR, OPTION_REASON, OPTION_FORCE, OPTION_COUNT };

static const struct option_spec ban_options[] = {
	[OPTION_FOR] = {"for", 0, "TIME", "how long: 10m, 2h, 7d (without it: until unban)"},
	[OPTION_REASON] = {"reason", 0, "TEXT", "why, for those who see it in \"rolewall bans\""},
	[OPTION_FORCE] = {"force", 0, NULL, "even a peer of this node, or a very wide prefix"},
};
_Static_assert(ARRAY_SIZE(ban_options) == OPTION_COUNT, "an option lacks its row");

static void ban_report(const struct settings *settings, const struct timed *ban,
		       const struct bans_result *result)
{
	char source[CIDR_TEXT_MAX], expires[TIME_TEXT_MAX];

	if (settings->output != OUTPUT_TABLE) {
		print_json(settings, json_timed(ban));
		return;
	}
	cidr_format(ban->source.source, ban->source.length, source);
	if (ban->expires)
		print_summary(settings, "%s is banned%s until %s.", source,
			      result->renewed ? " anew," : "", expires_text(ban->expires, expires));
	else
		print_summary(settings, "%s is banned%s, until \"rolewall unban %s\".", source,
			      result->renewed ? " anew" : "", source);
}

static int ban_change(const struct settings *settings, struct timed *ban, bool force)
{
	struct timed_list one = {.list = ban, .count = 1};
	const struct bans_request request = {.bans = &one, .force = force};
	_ledger_ struct ledger ledger = LEDGER_NONE;
	struct bans_result done;
	struct error error = {0};
	int result = bans_open_for_one(&settings->instance, &ledger, &error);

	if (result)
		return report_kernel(settings, result, &error);
	ledger_report(settings, &ledger);
	result = bans_add(&ledger, &request, &done, &error);
	if (result)
		return report_install(settings, result, &error);
	ban_report(settings, ban, &done);
	ledger_note_observe(settings, &ledger);
	return EXIT_OK;
}

static int ban_run(const struct settings *settings, const struct arguments *arguments)
{
	struct timed ban;
	struct term term;
	struct cidr source;
	int code;

	if (!arguments->operand_count) {
		report_failure(settings, "\"rolewall help ban\" shows how it is used",
			       "ban needs an address or a prefix");
		return EXIT_USAGE;
	}
	code = source_parse(settings, arguments->operands[0], &source);
	if (code == EXIT_OK)
		code = term_parse(settings, arguments->options[OPTION_FOR],
				  arguments->options[OPTION_REASON], &term);
	if (code != EXIT_OK)
		return code;
	ban = term_begin(&term);
	ban.source = source;
	return ban_change(settings, &ban, arguments->options[OPTION_FORCE]);
}

const struct verb verb_ban = {
	.name = "ban",
	.operands = "CIDR",
	.operands_max = 1,
	.summary = "refuse everything from an address or prefix, established or not",
	.details =
		"Bans survive a change of policy and a reboot. Never banned are the source of your "
		"own SSH\n"
		"session, the management prefixes of the policy in force, and this host's own "
		"addresses; peers\n"
		"(internal source prefixes, networks of internal and vpn interfaces) and prefixes "
		"wider than\n"
		"/8 (IPv6: /16) need --force.",
	.options = ban_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = ban_run,
};

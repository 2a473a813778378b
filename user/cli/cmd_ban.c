/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_ban.c - rolewall ban CIDR: a source that gets nothing from now on. */
#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/expiry.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/reasons.h"
#include "util/array.h"
#include "util/cleanup.h"

#define BANS_MAX 256 /* on one command line; "bans --import" takes any number */

enum { OPTION_FOR, OPTION_REASON, OPTION_FORCE, OPTION_REPLACE, OPTION_COUNT };

static const struct option_spec ban_options[] = {
	[OPTION_FOR] = {"for", 0, "TIME", "how long: 10m, 2h, 7d (without it: until unban)"},
	[OPTION_REASON] = {"reason", 0, "TEXT", "why, for those who see it in \"rolewall bans\""},
	[OPTION_FORCE] = {"force", 0, NULL, "even a network of this node, or a very wide prefix"},
	[OPTION_REPLACE] = {"replace", 0, NULL,
			    "in place of a ban that there is, even a longer one"},
};
_Static_assert(ARRAY_SIZE(ban_options) == OPTION_COUNT, "an option lacks its row");

static void ban_report(const struct settings *settings, const struct timeout *ban,
		       const struct bans_result *result)
{
	char source[CIDR_TEXT_MAX], expires[TIME_TEXT_MAX];

	if (settings->output != OUTPUT_TABLE) {
		print_json(settings, json_timeout(ban));
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

/* It was banned already, as long or longer. */
static int kept_report(const struct settings *settings, const struct store *store,
		       struct timeout *ban)
{
	char source[CIDR_TEXT_MAX], expires[TIME_TEXT_MAX], reason[TIMEOUT_REASON_MAX + 1];
	_free_ char *text = NULL;
	struct error error = {0};
	int r = bans_look_up(store, ban, &text, &error);

	if (r)
		return report_install(settings, r, &error);
	if (settings->output != OUTPUT_TABLE) {
		print_json(settings, json_timeout(ban));
		return EXIT_OK;
	}
	cidr_format(ban->source.source, ban->source.length, source);
	reason_first(ban, reason);
	print_summary(settings,
		      "%s is already banned %s%s%s%s; --replace shortens that, or changes the "
		      "reasons.",
		      source, ban->expires ? "until " : "without end",
		      ban->expires ? expires_text(ban->expires, expires) : "",
		      *reason ? ", because: " : "", reason);
	return EXIT_OK;
}

/* `request` is for this one ban. */
static int ban_change(const struct settings *settings, struct timeout *ban,
		      const struct bans_request *request)
{
	_store_ struct store store = STORE_NONE;
	struct bans_result done;
	struct error error = {0};
	int r = bans_open_for_one(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	r = bans_add(&store, request, &done, &error);
	if (r)
		return report_install(settings, r, &error);
	if (done.kept)
		r = kept_report(settings, &store, ban);
	else
		ban_report(settings, ban, &done);
	store_note_observe(settings, &store);
	return r;
}

static int ban_one(const struct settings *settings, const char *const *options,
		   const struct expiry *expiry, const struct cidr *source)
{
	struct timeout ban = expiry_begin(expiry);
	struct timeout_list one = {.list = &ban, .count = 1};
	const struct bans_request request = {
		.bans = &one,
		.force = options[OPTION_FORCE],
		.replace = options[OPTION_REPLACE],
	};

	ban.source = *source;
	return ban_change(settings, &ban, &request);
}

static int ban_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *const *options = arguments->options;
	struct cidr sources[BANS_MAX];
	struct expiry expiry;
	int code, first = EXIT_OK;

	if (!arguments->operand_count) {
		report_failure(settings, "\"rolewall help ban\" shows how it is used",
			       "ban needs an address or a prefix");
		return EXIT_USAGE;
	}
	code = expiry_parse(settings, options[OPTION_FOR], options[OPTION_REASON], &expiry);
	/* All are understood before one is banned. */
	for (int i = 0; code == EXIT_OK && i < arguments->operand_count; i++)
		code = source_parse(settings, arguments->operands[i], &sources[i]);
	if (code != EXIT_OK)
		return code;
	for (int i = 0; i < arguments->operand_count; i++) {
		code = ban_one(settings, options, &expiry, &sources[i]);
		if (first == EXIT_OK)
			first = code;
	}
	return first;
}

const struct verb verb_ban = {
	.name = "ban",
	.operands = "CIDR ...",
	.operands_max = BANS_MAX,
	.summary = "refuse everything from an address or prefix, established or not",
	.details =
		"Bans survive a change of policy and a reboot. Never banned are the source of your "
		"own SSH\n"
		"session, this host's own addresses, and what the node lives on: management and "
		"internal\n"
		"prefixes, nodes of the cluster, \"never_ban\" of the node file, resolvers and "
		"gateways. No ban\n"
		"reaches those, whatever came first. Networks of internal and vpn interfaces, and "
		"prefixes wider\n"
		"than /8 (IPv6: /16), need --force. What can be no source (0.0.0.0, "
		"multicast) is refused.\n"
		"A source that is banned for several reasons stays banned until the last of them "
		"ends, unless\n"
		"--replace says otherwise.",
	.options = ban_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = ban_run,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_open.c - rolewall open PORT[/PROTO]: admit a source to a port for a while. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/target.h"
#include "cli/expiry.h"
#include "kernel/lists/openings.h"
#include "policy/words.h"
#include "util/array.h"

enum { OPTION_FROM, OPTION_FOR, OPTION_REASON, OPTION_FORCE, OPTION_COUNT };

static const struct option_spec open_options[] = {
	[OPTION_FROM] = {"from", 0, "CIDR", "the address or prefix that may come"},
	[OPTION_FOR] = {"for", 0, "TIME", "how long: 30m, 2h; at most 24h"},
	[OPTION_REASON] = {"reason", 0, "TEXT",
			   "why, for those who see it in \"rolewall openings\""},
	[OPTION_FORCE] = {"force", 0, NULL, "longer than 24h, up to 30d"},
};
_Static_assert(ARRAY_SIZE(open_options) == OPTION_COUNT, "an option lacks its row");

static int seconds_check(const struct settings *settings, int64_t seconds, bool force)
{
	if (seconds <= (force ? OPENING_SECONDS_MAX_FORCED : OPENING_SECONDS_MAX))
		return EXIT_OK;
	if (force)
		report_failure(settings, "write the port into the node file, if it is to stay open",
			       "an opening lasts 30 days at most");
	else
		report_failure(settings,
			       "--force makes it up to 30d; what is to stay open belongs into the "
			       "node file",
			       "an opening lasts 24 hours at most");
	return EXIT_USAGE;
}

static int usage_check(const struct settings *settings, const struct arguments *arguments)
{
	static const int required[] = {OPTION_FROM, OPTION_FOR, OPTION_REASON};
	const char *hint = "\"rolewall help open\" shows how it is used";

	if (!arguments->operand_count) {
		report_failure(settings, hint, "open needs a port");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		if (arguments->options[required[i]])
			continue;
		report_failure(settings, hint, "open needs --%s", open_options[required[i]].name);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static void open_report(const struct settings *settings, const struct timeout *opening,
			size_t replaced)
{
	char source[CIDR_TEXT_MAX], expires[TIME_TEXT_MAX];

	if (settings->output != OUTPUT_TABLE) {
		print_json(settings, json_timeout(opening));
		return;
	}
	cidr_format(opening->source.source, opening->source.length, source);
	print_summary(settings, "Opening %u: %s port %u is open to %s until %s.", opening->id,
		      word_of(words_l4, opening->l4), opening->port, source,
		      expires_text(opening->expires, expires));
	if (replaced)
		report_note(settings,
			    "it takes the place of %zu opening%s that would have ended "
			    "sooner",
			    replaced, plural(replaced));
}

static int open_change(const struct settings *settings, struct timeout *opening)
{
	_store_ struct store store = STORE_NONE;
	struct error error = {0};
	size_t replaced;
	int r = openings_open(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	r = openings_add(&store, opening, &replaced, &error);
	if (r)
		return report_install(settings, r, &error);
	open_report(settings, opening, replaced);
	store_note_observe(settings, &store);
	return EXIT_OK;
}

static int open_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *const *options = arguments->options;
	struct target target = {0};
	struct timeout opening;
	struct cidr source;
	struct expiry expiry;
	int code = usage_check(settings, arguments);

	if (code == EXIT_OK)
		code = target_parse(settings, arguments->operands[0], &target);
	if (code == EXIT_OK)
		code = source_parse(settings, options[OPTION_FROM], &source);
	if (code == EXIT_OK)
		code = expiry_parse(settings, options[OPTION_FOR], options[OPTION_REASON], &expiry);
	if (code == EXIT_OK)
		code = seconds_check(settings, expiry.seconds, options[OPTION_FORCE]);
	if (code != EXIT_OK)
		return code;
	opening = expiry_begin(&expiry);
	opening.source = source;
	opening.port = target.port;
	opening.l4 = target.l4;
	return open_change(settings, &opening);
}

const struct verb verb_open = {
	.name = "open",
	.operands = "PORT[/PROTO]",
	.operands_max = 1,
	.summary = "admit a source to a port for a while, whatever the policy says",
	.details =
		"--from, --for and --reason must be given. The kernel itself ends the opening, "
		"even if\n"
		"nothing of Rolewall runs any more. It survives a change of policy, and a reboot "
		"if there is\n"
		"time left. Bans go before openings.",
	.options = open_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = open_run,
};

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
	[OPTION_FORCE] = {"force", 0, NULL, "longer than 24h, up to 30d; from everywhere"},
};
_Static_assert(ARRAY_SIZE(open_options) == OPTION_COUNT, "an option lacks its row");

static int seconds_check(const struct settings *settings, int64_t seconds, bool force)
{
	if (seconds <= (force ? OPENING_SECONDS_MAX_FORCED : OPENING_SECONDS_MAX))
		return EXIT_OK;
	if (force)
		report_failure(settings, "\"rolewall allow\" opens a port for good",
			       "an opening lasts 30 days at most");
	else
		report_failure(
			settings,
			"--force makes it up to 30d; \"rolewall allow\" opens a port for good",
			"an opening lasts 24 hours at most");
	return EXIT_USAGE;
}

#define WIDEST_IPV4 (96 + 8) /* wider ones are most of the world; as for bans */
#define WIDEST_IPV6 16
#define PORTS_MAX   64 /* in one go; the kernel has room for RW_OPENINGS in all */

static bool is_wide(const struct cidr *source)
{
	return source->length <
	       (cidr_is_ipv4(source->source, source->length) ? WIDEST_IPV4 : WIDEST_IPV6);
}

static void ports_of(const struct target *target, char ret[PORTS_TEXT_MAX + 8])
{
	char ports[PORTS_TEXT_MAX];

	snprintf(ret, PORTS_TEXT_MAX + 8, "%s/%s",
		 ports_text(target->port, target->port_end, ports), word_of(words_l4, target->l4));
}

/* What many may reach from then on is said before it is done. */
static int width_check(const struct settings *settings, const struct target *target,
		       const struct cidr *source, bool force)
{
	char ports[PORTS_TEXT_MAX + 8], text[CIDR_TEXT_MAX];

	if (!is_wide(source))
		return EXIT_OK;
	ports_of(target, ports);
	cidr_format(source->source, source->length, text);
	if (force) {
		report_note(settings,
			    "this opens port %s to %s, which is all of the Internet or much "
			    "of it",
			    ports, text);
		return EXIT_OK;
	}
	report_failure(settings, "name the address that needs it; --force opens it to all of them",
		       "this would open port %s to %s, which is all of the Internet or much of it: "
		       "nothing was changed",
		       ports, text);
	return EXIT_USAGE;
}

static int count_check(const struct settings *settings, const struct target *target)
{
	if (target->port_end - target->port < PORTS_MAX)
		return EXIT_OK;
	report_failure(settings, "\"rolewall allow\" opens a larger range, for good",
		       "open takes %d ports at most", PORTS_MAX);
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

static int port_open(const struct settings *settings, struct store *store, struct timeout *opening)
{
	struct error error = {0};
	size_t replaced;
	int r = openings_add(store, opening, &replaced, &error);

	if (r)
		return report_install(settings, r, &error);
	open_report(settings, opening, replaced);
	return EXIT_OK;
}

/* An opening for each port: they are closed one by one, too. */
static int open_change(const struct settings *settings, const struct target *target,
		       const struct cidr *source, const struct expiry *expiry)
{
	_store_ struct store store = STORE_NONE;
	struct timeout opening = expiry_begin(expiry);
	struct error error = {0};
	int code = EXIT_OK, r = openings_open(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	opening.source = *source;
	opening.l4 = target->l4;
	for (unsigned int port = target->port; code == EXIT_OK && port <= target->port_end;
	     port++) {
		opening.port = (uint16_t)port;
		code = port_open(settings, &store, &opening);
	}
	store_note_observe(settings, &store);
	return code;
}

static int open_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *const *options = arguments->options;
	struct target target = {0};
	struct cidr source;
	struct expiry expiry;
	int code = usage_check(settings, arguments);

	if (code == EXIT_OK)
		code = target_parse(settings, arguments->operands[0], true, &target);
	if (code == EXIT_OK)
		code = count_check(settings, &target);
	if (code == EXIT_OK)
		code = source_parse(settings, options[OPTION_FROM], &source);
	if (code == EXIT_OK)
		code = expiry_parse(settings, options[OPTION_FOR], options[OPTION_REASON], &expiry);
	if (code == EXIT_OK)
		code = seconds_check(settings, expiry.seconds, options[OPTION_FORCE]);
	if (code == EXIT_OK)
		code = width_check(settings, &target, &source, options[OPTION_FORCE]);
	return code == EXIT_OK ? open_change(settings, &target, &source, &expiry) : code;
}

const struct verb verb_open = {
	.name = "open",
	.operands = "PORT[-PORT][/PROTO]",
	.operands_max = 1,
	.summary = "admit a source to a port for a while, whatever the policy says",
	.details =
		"PORT may be the name of a service: of the policy in force, or of /etc/services. "
		"--from, --for\n"
		"and --reason must be given; a source wider than /8 (IPv6: /16) needs --force. The "
		"kernel itself ends the opening, "
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

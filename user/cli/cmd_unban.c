/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_unban.c - rolewall unban CIDR, or --all: take bans away. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/expiry.h"
#include "kernel/lists/bans.h"
#include "util/array.h"
#include "util/cleanup.h"

enum { OPTION_ALL, OPTION_REASON, OPTION_COUNT };

static const struct option_spec unban_options[] = {
	[OPTION_ALL] = {"all", 0, NULL, "every ban there is"},
	[OPTION_REASON] = {"reason", 0, "TEXT",
			   "that reason alone: what is banned for another one stays"},
};
_Static_assert(ARRAY_SIZE(unban_options) == OPTION_COUNT, "an option lacks its row");

struct target {
	const struct cidr *source; /* NULL: all */
	const char *reason;	   /* NULL: whatever it is */
};

static void unban_report(const struct settings *settings, const struct store *store, size_t removed)
{
	if (settings->output != OUTPUT_TABLE)
		print_json(settings, json_make("{s:I}", "removed", (json_int_t)removed));
	else
		print_summary(settings, "%zu ban%s taken away; %zu left.", removed, plural(removed),
			      bans_total(store));
}

/* A ban that others made meanwhile stays. Say so; there may be nothing left to do. */
static void left_report(const struct settings *settings, const struct target *target,
			const struct bans_left *left)
{
	char source[CIDR_TEXT_MAX];

	cidr_format(target->source->source, target->source->length, source);
	if (left->is_banned)
		report_note(settings, "%s stays banned, for another reason: %s", source,
			    *left->reason ? left->reason : "none was given");
	else if (!left->had_reason)
		report_note(settings, "%s is not banned", source);
}

static int unban_one(const struct settings *settings, struct store *store,
		     const struct target *target, struct error *ret_error)
{
	struct bans_left left;
	int r;

	if (!target->reason)
		return bans_remove(store, target->source, ret_error);
	r = bans_remove_reason(store, target->source, target->reason, &left, ret_error);
	if (!r)
		left_report(settings, target, &left);
	return r;
}

static int unban(const struct settings *settings, const struct target *target)
{
	_store_ struct store store = STORE_NONE;
	struct error error = {0};
	size_t before;
	int r = target->source ? bans_open_for_one(&settings->instance, &store, &error)
			       : bans_open(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	before = bans_total(&store);
	if (target->source)
		r = unban_one(settings, &store, target, &error);
	else if (target->reason)
		r = bans_clear_reason(&store, target->reason, &error);
	else
		r = bans_clear(&store, &error);
	if (r)
		return report_install(settings, r, &error);
	unban_report(settings, &store, before - bans_total(&store));
	return EXIT_OK;
}

static int unban_run(const struct settings *settings, const struct arguments *arguments)
{
	bool all = arguments->options[OPTION_ALL];
	struct cidr source;
	struct target target = {.reason = arguments->options[OPTION_REASON]};
	int code;

	if (all == (arguments->operand_count != 0)) {
		report_failure(settings, "\"rolewall help unban\" shows how it is used",
			       "unban needs either an address or prefix, or --all");
		return EXIT_USAGE;
	}
	if (all)
		return unban(settings, &target);
	code = source_parse(settings, arguments->operands[0], &source);
	target.source = &source;
	return code == EXIT_OK ? unban(settings, &target) : code;
}

const struct verb verb_unban = {
	.name = "unban",
	.operands = "[CIDR]",
	.operands_max = 1,
	.summary = "take a ban away",
	.details =
		"CIDR is a ban as \"rolewall bans\" lists it. Exits with 1 if there is no such "
		"ban. With\n"
		"--reason that, or a ban for another reason, which stays, is only a note: the exit "
		"code is 0.\n"
		"--all --reason takes the reason from every ban, in one step.",
	.options = unban_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = unban_run,
};

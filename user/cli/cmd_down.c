/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_down.c - rolewall down: take everything away again. */
#include <errno.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "kernel/commit/remove.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/openings.h"
#include "util/cleanup.h"

/* What a user banned is not forgotten, and would come as a surprise. */
static void note_kept(const struct settings *settings)
{
	_timeout_list_ struct timeout_list bans = {0}, openings = {0};

	bans_read_file(&settings->instance, &bans, NULL);
	openings_read_file(&settings->instance, &openings, NULL);
	if (bans.count || openings.count)
		report_note(settings,
			    "%zu ban%s and %zu opening%s are kept, in %s, and hold again from the "
			    "next apply on",
			    bans.count, plural(bans.count), openings.count, plural(openings.count),
			    settings->instance.lib_dir);
}

static int down_run(const struct settings *settings, const struct arguments *arguments)
{
	struct error error = {0};
	int r = remove_run(&settings->instance, &error);

	if (r && r != -ENOENT)
		return report_install(settings, r, &error);
	if (settings->output != OUTPUT_TABLE)
		print_json(settings, json_make("{s:b}", "removed", !r));
	if (r) {
		report_failure(settings, NULL, "nothing was applied: there is nothing to remove");
		return EXIT_NOT_APPLIED;
	}
	if (settings->output == OUTPUT_TABLE)
		note_kept(settings);
	if (settings->output == OUTPUT_TABLE)
		print_summary(settings, "Detached and removed: no packet is filtered any more. "
					"\"rolewall apply\" puts the policy in force again.");
	return EXIT_OK;
}

const struct verb verb_down = {
	.name = "down",
	.operands = "",
	.summary = "detach and unpin everything; nothing is filtered any more",
	.details = "Exits with 3 if nothing was applied, with 1 if something filters still, or "
		   "would come\n"
		   "back at the next start of the daemon. Bans and openings are kept for the next "
		   "apply.",
	.needs_root = true,
	.run = down_run,
};

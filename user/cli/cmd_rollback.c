/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_rollback.c - rolewall rollback: the generation before, again. */
#include <inttypes.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/ssh_session.h"
#include "cli/print.h"
#include "kernel/commit/rollback.h"

static void rollback_print(const struct settings *settings, const struct rollback_result *done)
{
	if (settings->output != OUTPUT_TABLE)
		print_json(settings, json_make("{s:I, s:I}", "generation", (json_int_t)done->to,
					       "rolled_back", (json_int_t)done->from));
	else if (done->to)
		print_summary(settings,
			      "Generation %" PRIu32 " is in force again; generation %" PRIu32
			      " is gone.",
			      done->to, done->from);
	else
		print_summary(settings,
			      "Generation %" PRIu32 " is gone. There was none before it: nothing "
			      "is filtered.",
			      done->from);
}

static int rollback_run_verb(const struct settings *settings, const struct arguments *arguments)
{
	struct rollback_result done = {0};
	struct error error = {0};
	int r = rollback_run(&settings->instance, &done, &error);

	(void)arguments;
	if (r)
		return report_kernel(settings, r, &error);
	rollback_print(settings, &done);
	if (done.to)
		ssh_warn(settings);
	if (!done.warning.what[0])
		return EXIT_OK;
	/* It went back, but not for good. */
	report_warning(settings, done.warning.where, done.warning.what);
	report_note(settings, "%s", done.warning.hint);
	return EXIT_FAILED;
}

const struct verb verb_rollback = {
	.name = "rollback",
	.operands = "",
	.summary = "return to the policy that was in force before this one",
	.details = "One step back: of the policies that were applied, the one before the last is "
		   "kept. The\n"
		   "node file is not changed. Where \"apply --confirm\" put the very first policy "
		   "in force,\n"
		   "everything is taken away again. Exits with 1 if the copy for the next boot "
		   "cannot be\n"
		   "written: what was taken back would come back after a restart.",
	.needs_root = true,
	.run = rollback_run_verb,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_confirm.c - rolewall confirm: keep what apply --confirm put in force. */
#include <errno.h>
#include <inttypes.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "kernel/commit/rollback.h"

static int confirm_run_verb(const struct settings *settings, const struct arguments *arguments)
{
	struct confirm_result done = {0};
	struct error error = {0};
	int r = confirm_run(&settings->instance, &done, &error);

	(void)arguments;
	if (r) {
		int code = report_kernel(settings, r, &error);

		if (done.late.warning.what[0])
			report_warning(settings, NULL, done.late.warning.what);
		return r == -ETIME ? EXIT_ROLLED_BACK : code;
	}
	if (settings->output != OUTPUT_TABLE)
		print_json(settings, json_make("{s:b, s:I}", "confirmed", true, "generation",
					       (json_int_t)done.generation));
	else
		print_summary(settings, "Generation %" PRIu32 " stays in force.", done.generation);
	return EXIT_OK;
}

const struct verb verb_confirm = {
	.name = "confirm",
	.operands = "",
	.summary = "keep the policy that \"apply --confirm\" put in force",
	.details = "Exits with 1 if nothing awaits confirmation, with 6 if it comes too late: the "
		   "policy\n"
		   "before is then in force again.",
	.needs_root = true,
	.run = confirm_run_verb,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_serve.c - rolewall serve: the daemon, in the foreground. */
#include "cli/cli.h"
#include "cli/message.h"
#include "daemon/serve.h"
#include "util/array.h"

enum { OPTION_METRICS_FILE, OPTION_LOG_FILE, OPTION_COUNT };

static const struct option_spec serve_options[] = {
	[OPTION_METRICS_FILE] = {"metrics-file", 0, "FILE",
				 "keep metrics there, for the node exporter: .../rolewall.prom"},
	[OPTION_LOG_FILE] = {"log-file", 0, "FILE",
			     "write down attempts there, as lines of JSON; may be rotated"},
};
_Static_assert(ARRAY_SIZE(serve_options) == OPTION_COUNT, "an option lacks its row");

static int serve_verb_run(const struct settings *settings, const struct arguments *arguments)
{
	struct serve_options options = {
		.instance = settings->instance,
		.config = settings->config,
		.roles_dir = settings->roles_dir,
		.metrics_file = arguments->options[OPTION_METRICS_FILE],
		.log_file = arguments->options[OPTION_LOG_FILE],
	};
	struct error error = {0};
	int r;

	/* The daemon has no user to tell, and must not block on a lock. */
	options.instance.on_wait = NULL;
	options.instance.never_waits = true;
	r = serve_run(&options, &error);
	return r ? report_install(settings, r, &error) : EXIT_OK;
}

const struct verb verb_serve = {
	.name = "serve",
	.operands = "",
	.summary = "the daemon: interfaces that come, bans that end, followers, metrics",
	.details = "Filtering does not need it, and goes on when it stops. After a reboot it puts "
		   "the policy\n"
		   "that was confirmed last in force; where none was, nothing. SIGHUP applies the "
		   "node file,\n"
		   "SIGTERM stops it.",
	.options = serve_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = serve_verb_run,
};

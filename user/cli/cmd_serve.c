/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_serve.c - rolewall serve: the daemon, in the foreground. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "daemon/serve.h"
#include "util/array.h"
#include "util/since.h"

enum { OPTION_METRICS_FILE, OPTION_LOG_FILE, OPTION_SHIELD_RATE, OPTION_SHIELD_CALM, OPTION_COUNT };

static const struct option_spec serve_options[] = {
	[OPTION_METRICS_FILE] = {"metrics-file", 0, "FILE",
				 "keep metrics there, for the node exporter: .../rolewall.prom"},
	[OPTION_LOG_FILE] = {"log-file", 0, "FILE",
			     "write down attempts there, as lines of JSON; may be rotated"},
	[OPTION_SHIELD_RATE] = {"shield-rate", 0, "PACKETS",
				"so many refused a second on an interface are a flood (50000)"},
	[OPTION_SHIELD_CALM] = {"shield-calm", 0, "TIME",
				"it is over when there were less than half of that so long (60s)"},
};
_Static_assert(ARRAY_SIZE(serve_options) == OPTION_COUNT, "an option lacks its row");

static int refuse_value(const struct settings *settings, const char *wanted, const char *option,
			const char *value)
{
	report_failure(settings, NULL, "%s takes %s, not \"%s\"", option, wanted, value);
	return EXIT_USAGE;
}

static int flood_parse(const struct settings *settings, const struct arguments *arguments,
		       struct flood_limits *ret)
{
	const char *rate = arguments->options[OPTION_SHIELD_RATE];
	const char *calm = arguments->options[OPTION_SHIELD_CALM];
	int64_t seconds;
	char *end;

	*ret = (struct flood_limits){FLOOD_RATE, FLOOD_CALM_MS};
	if (rate) {
		errno = 0;
		ret->rate = strtoull(rate, &end, 10);
		if (errno || *end || *rate < '0' || *rate > '9' || !ret->rate)
			return refuse_value(settings, "a number above 0, such as 50000",
					    "--shield-rate", rate);
	}
	if (calm) {
		if (!duration_parse(calm, &seconds))
			return refuse_value(settings, "a time, such as 60s or 5m", "--shield-calm",
					    calm);
		ret->calm_ms = seconds * 1000;
	}
	return EXIT_OK;
}

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
	int r = flood_parse(settings, arguments, &options.flood);

	if (r)
		return r;
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

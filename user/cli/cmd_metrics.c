/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_metrics.c - rolewall metrics: counters for Prometheus. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "report/metrics.h"

static int metrics_run(const struct settings *settings, const struct arguments *arguments)
{
	struct error error = {0};
	int r;

	(void)arguments;
	if (settings->output != OUTPUT_TABLE) {
		report_failure(settings,
			       "\"rolewall --json status\" and \"show\" have the same numbers",
			       "metrics are Prometheus' text, not JSON");
		return EXIT_USAGE;
	}
	r = metrics_write(stdout, &settings->instance, &error);
	return r ? report_install(settings, r, &error) : EXIT_OK;
}

const struct verb verb_metrics = {
	.name = "metrics",
	.operands = "",
	.summary = "what is in force and what it has counted, in Prometheus' text format",
	.details = "Where nothing is applied, rolewall_applied is 0, and the exit code is 0 as "
		   "well.\n"
		   "The daemon writes the same, and more, into a file for the node exporter:\n"
		   "ROLEWALL_SERVE=\"--metrics-file=FILE\" in /etc/default/rolewall.",
	.needs_root = true,
	.run = metrics_run,
};

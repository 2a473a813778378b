/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_close.c - rolewall close ID: end an opening now. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/ssh_session.h"
#include "cli/print.h"
#include "cli/expiry.h"
#include "kernel/lists/openings.h"
#include "policy/words.h"

static void close_report(const struct settings *settings, const struct timeout *opening)
{
	char source[CIDR_TEXT_MAX];

	if (settings->output != OUTPUT_TABLE) {
		print_json(settings, json_timeout(opening));
		return;
	}
	cidr_format(opening->source.source, opening->source.length, source);
	print_summary(settings,
		      "Opening %u is closed: %s port %u from %s is up to the policy again.",
		      opening->id, word_of(words_l4, opening->l4), opening->port, source);
}

static int close_change(const struct settings *settings, uint32_t id)
{
	_store_ struct store store = STORE_NONE;
	struct timeout opening;
	struct error error = {0};
	int r = openings_open(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	r = openings_remove(&store, id, &opening, &error);
	if (r)
		return report_install(settings, r, &error);
	close_report(settings, &opening);
	ssh_warn(settings);
	return EXIT_OK;
}

static int close_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *text = arguments->operand_count ? arguments->operands[0] : "";
	size_t digits = strspn(text, "0123456789");

	if (digits && digits < 10 && !text[digits])
		return close_change(settings, (uint32_t)strtoul(text, NULL, 10));
	report_failure(settings, "\"rolewall openings\" lists the numbers",
		       "close needs the number of an opening");
	return EXIT_USAGE;
}

const struct verb verb_close = {
	.name = "close",
	.operands = "ID",
	.operands_max = 1,
	.summary = "end an opening now",
	.details = "ID is the number that \"rolewall openings\" shows.",
	.needs_root = true,
	.changes = true,
	.run = close_run,
};

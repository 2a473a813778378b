/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_openings.c - rolewall openings: what is open for a while. */
#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/expiry.h"
#include "kernel/lists/openings.h"
#include "policy/words.h"
#include "util/array.h"

static void add_opening(struct libscols_table *table, const struct timeout *opening)
{
	struct libscols_line *line = table_line(table);
	char source[CIDR_TEXT_MAX], text[TIME_TEXT_MAX];

	cidr_format(opening->source.source, opening->source.length, source);
	cell_set(line, 0, "%u", opening->id);
	cell_set(line, 1, "%s", word_of(words_l4, opening->l4));
	cell_set(line, 2, "%u", opening->port);
	cell_set(line, 3, "%s", source);
	cell_set(line, 4, "%s", expires_text(opening->expires, text));
	cell_set(line, 5, "%s", opening->who);
	cell_set(line, 6, "%s", opening->reason);
}

static void openings_print(const struct settings *settings, const struct timeout_list *openings)
{
	static const struct column columns[] = {
		{"ID", SCOLS_FL_RIGHT}, {"PROTO", 0}, {"PORT", SCOLS_FL_RIGHT},	 {"SOURCE", 0},
		{"EXPIRES", 0},		{"WHO", 0},   {"REASON", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < openings->count; i++)
		add_opening(table, &openings->list[i]);
	if (openings->count)
		table_print(table);
	else
		report_note(settings, "there are no openings");
}

static int openings_run(const struct settings *settings, const struct arguments *arguments)
{
	_store_ struct store store = STORE_NONE;
	struct error error = {0};
	int r = openings_open(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	if (settings->output == OUTPUT_TABLE)
		openings_print(settings, &store.list);
	else
		timeout_print_json(settings, &store.list, "openings");
	return EXIT_OK;
}

const struct verb verb_openings = {
	.name = "openings",
	.operands = "",
	.summary = "ports that are open for a while: to whom, until when and why",
	.needs_root = true,
	.run = openings_run,
};

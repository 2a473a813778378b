/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_bans.c - rolewall bans: what is banned, read from the kernel; --import bans a whole file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/expiry.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/reasons.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

#define IMPORT_BYTES_MAX ((size_t)128 << 20) /* a million bans, and a comment for each */
#define TABLE_ROWS	 4096 /* at a time: a table of a million rows would take a gigabyte */

enum {
	OPTION_IMPORT,
	OPTION_FOR,
	OPTION_REASON,
	OPTION_FORCE,
	OPTION_REPLACE,
	OPTION_SKIP,
	OPTION_COUNT,
};

static const struct option_spec bans_options[] = {
	[OPTION_IMPORT] = {"import", 0, "FILE",
			   "ban every address and prefix of a file (- is standard input)"},
	[OPTION_FOR] = {"for", 0, "TIME", "with --import: how long"},
	[OPTION_REASON] = {"reason", 0, "TEXT", "with --import: why"},
	[OPTION_FORCE] = {"force", 0, NULL,
			  "with --import: even networks of this node and very wide prefixes"},
	[OPTION_REPLACE] = {"replace", 0, NULL,
			    "with --import: in place of bans that there are, even longer ones"},
	[OPTION_SKIP] = {"skip", 0, NULL,
			 "with --import: leave out what must not be banned, and say what"},
};
_Static_assert(ARRAY_SIZE(bans_options) == OPTION_COUNT, "an option lacks its row");

/* --- the list --------------------------------------------------------------------------------- */

/* "one; another": the first is the one that ends last. */
static void reasons_set(struct libscols_line *line, size_t cell, const struct timeout *ban)
{
	_reasons_ struct reasons reasons = {0};
	char text[1024] = "";
	size_t length = 0;

	if (reasons_read(ban, &reasons))
		return;
	for (size_t i = 0; i < reasons.count && length < sizeof(text); i++)
		length += snprintf(text + length, sizeof(text) - length, "%s%s", i ? "; " : "",
				   reasons.list[i].text);
	cell_text(line, cell, text);
}

/* A time as a text. All of an import have the same, which is made once. */
struct time_cell {
	int64_t seconds;
	char text[TIME_TEXT_MAX];
};

static const char *time_cell_text(struct time_cell *cell, int64_t seconds)
{
	if (!cell->text[0] || cell->seconds != seconds)
		time_text(seconds, cell->text);
	cell->seconds = seconds;
	return cell->text;
}

struct ban_times {
	struct time_cell expires, since;
};

static void add_ban(struct libscols_table *table, const struct timeout *ban,
		    struct ban_times *times)
{
	struct libscols_line *line = table_line(table);
	char source[CIDR_TEXT_MAX];

	cidr_format(ban->source.source, ban->source.length, source);
	cell_text(line, 0, source);
	cell_text(line, 1,
		  ban->expires ? time_cell_text(&times->expires, ban->expires / TIMEOUT_SECOND)
			       : "never");
	cell_text(line, 2, ban->who);
	cell_text(line, 3, ban->since ? time_cell_text(&times->since, ban->since) : "");
	reasons_set(line, 4, ban);
}

static void bans_print(const struct settings *settings, const struct timeout_list *bans)
{
	static const struct column columns[] = {
		{"SOURCE", 0}, {"EXPIRES", 0}, {"WHO", 0}, {"SINCE", 0}, {"REASON", SCOLS_FL_WRAP},
	};
	struct ban_times times = {0};

	for (size_t i = 0; i < bans->count; i += TABLE_ROWS) {
		_table_ struct libscols_table *table =
			table_new(settings, columns, ARRAY_SIZE(columns));

		scols_table_enable_noheadings(table, i > 0);
		for (size_t j = i; j < bans->count && j < i + TABLE_ROWS; j++)
			add_ban(table, &bans->list[j], &times);
		table_print(table);
	}
	if (!bans->count)
		report_note(settings, "no source is banned");
}

static int list_run(const struct settings *settings)
{
	_store_ struct store store = STORE_NONE;
	struct error error = {0};
	int r = bans_open(&settings->instance, &store, &error);

	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	if (settings->output == OUTPUT_TABLE)
		bans_print(settings, &store.list);
	else
		timeout_print_json(settings, &store.list, "bans");
	return EXIT_OK;
}

/* --- the import ------------------------------------------------------------------------------- */

/*
 * What standard input is may not be opened a second time: a socket, a file half read, another's. A
 * FIFO is waited for, as by cat: no lock is held yet.
 */
static int import_read(const char *path, char **ret_text, size_t *ret_size, struct error *ret_error)
{
	_close_ int fd = -1;

	if (!strcmp(path, "-"))
		return file_read_open(STDIN_FILENO, "standard input", IMPORT_BYTES_MAX, ret_text,
				      ret_size, ret_error);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set(ret_error, errno, "cannot open \"%s\": %s", path, strerror(errno));
	return file_read_open(fd, path, IMPORT_BYTES_MAX, ret_text, ret_size, ret_error);
}

static int import_parse(const struct settings *settings, const char *path,
			const struct expiry *expiry, struct timeout_list *ret)
{
	const struct timeout model = expiry_begin(expiry);
	_free_ char *text = NULL;
	struct error error = {0};
	size_t size;
	int r = import_read(path, &text, &size, &error);

	if (!r && (!text || strlen(text) != size))
		r = error_set(&error, EINVAL, "%s is no text file", path);
	if (!r)
		r = bans_parse(path, text, &model, ret, &error);
	if (!r)
		return EXIT_OK;
	if (r == -EINVAL && !error.hint[0])
		error_hint(&error, "nothing was banned; write one address or prefix on each line; "
				   "\"#\" or \";\" begins a comment");
	return report_install(settings, r, &error);
}

/* What was left out: said at once, or collected for the answer. */
struct skipped {
	const struct settings *settings;
	json_t *list;
};

static void skip_note(void *context, const struct timeout *ban, const struct error *why)
{
	struct skipped *skipped = context;
	char source[CIDR_TEXT_MAX];

	if (skipped->settings->output == OUTPUT_TABLE) {
		report_warning(skipped->settings, why->where, why->what);
		return;
	}
	cidr_format(ban->source.source, ban->source.length, source);
	json_array_append_new(skipped->list,
			      json_make("{s:s, s:I, s:o}", "source", source, "line",
					(json_int_t)ban->id, "why", json_clean(why->what)));
}

static void import_report(const struct settings *settings, const struct bans_result *done,
			  json_t *skipped)
{
	if (settings->output != OUTPUT_TABLE)
		print_json(settings,
			   json_make("{s:I, s:I, s:I, s:I, s:O}", "added", (json_int_t)done->added,
				     "renewed", (json_int_t)done->renewed, "kept",
				     (json_int_t)done->kept, "total", (json_int_t)done->total,
				     "skipped", skipped));
	else
		print_summary(settings,
			      "%zu ban%s added, %zu renewed, %zu kept that last as long or longer, "
			      "%zu skipped; %zu in all.",
			      done->added, plural(done->added), done->renewed, done->kept,
			      done->skipped, done->total);
}

static int import_run(const struct settings *settings, const char *const *options,
		      const struct expiry *expiry)
{
	const char *path = options[OPTION_IMPORT];
	_timeout_list_ struct timeout_list bans = {0};
	_json_ json_t *list = json_make("[]");
	struct skipped skipped = {settings, list};
	const struct bans_request request = {
		.bans = &bans,
		.path = path,
		.force = options[OPTION_FORCE],
		.replace = options[OPTION_REPLACE],
		.on_skip = options[OPTION_SKIP] ? skip_note : NULL,
		.context = &skipped,
	};
	_store_ struct store store = STORE_NONE;
	struct bans_result done;
	struct error error = {0};
	int r, code = import_parse(settings, path, expiry, &bans);

	if (code != EXIT_OK)
		return code;
	r = bans_open(&settings->instance, &store, &error);
	if (r)
		return report_kernel(settings, r, &error);
	store_report(settings, &store);
	r = bans_add(&store, &request, &done, &error);
	if (r)
		return report_install(settings, r, &error);
	import_report(settings, &done, list);
	store_note_observe(settings, &store);
	return EXIT_OK;
}

static int bans_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *const *options = arguments->options;
	struct expiry expiry;
	int code;

	if (!options[OPTION_IMPORT]) {
		if (!options[OPTION_FOR] && !options[OPTION_REASON] && !options[OPTION_FORCE] &&
		    !options[OPTION_REPLACE] && !options[OPTION_SKIP])
			return list_run(settings);
		report_failure(settings, "\"rolewall ban CIDR\" bans a single address or prefix",
			       "--for, --reason, --force, --replace and --skip go with --import");
		return EXIT_USAGE;
	}
	code = expiry_parse(settings, options[OPTION_FOR], options[OPTION_REASON], &expiry);
	return code == EXIT_OK ? import_run(settings, options, &expiry) : code;
}

const struct verb verb_bans = {
	.name = "bans",
	.operands = "",
	.summary = "who is banned, until when and why; --import bans a whole list",
	.details =
		"The list is that of the kernel. An import is one step: all of the file is "
		"checked first, and if\n"
		"a line is wrong, or must not be banned (see \"rolewall help ban\"), nothing is. "
		"With --skip\n"
		"what must not be banned is left out and named; a line that is wrong is an error "
		"all the same.",
	.options = bans_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = bans_run,
};

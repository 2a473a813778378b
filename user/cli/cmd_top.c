/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_top.c - rolewall top: the terminal view, and what it can do to the node. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

#include "cli/explain_report.h"
#include "cli/attempt.h"
#include "cli/follow.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/sums.h"
#include "cli/expiry.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/openings.h"
#include "live/top.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define REASON	 "from rolewall top"
#define FOR_EVER "ever"

static const char *const ban_words[] = {"10m", "1h", "6h", "1d", "7d", "30d", FOR_EVER};
static const char *const open_words[] = {"5m", "30m", "2h", "8h", "1d"};

enum { OPTION_SOURCE, OPTION_PORT, OPTION_SERVICE, OPTION_REASON, OPTION_SINCE, OPTION_COUNT };

static const struct option_spec top_options[] = {
	[OPTION_SOURCE] = {"source", 0, "PREFIX", "only from this address or prefix"},
	[OPTION_PORT] = {"port", 0, "N", "only to this port"},
	[OPTION_SERVICE] = {"service", 0, "NAME", "only to the port of this service"},
	[OPTION_REASON] = {"reason", 0, "REASON", "only for this reason, such as zone-denied"},
	[OPTION_SINCE] = {"since", 0, "TIME", "only seen since: 10m, 2h, 1d, or RFC 3339"},
};
_Static_assert(ARRAY_SIZE(top_options) == OPTION_COUNT, "an option lacks its row");

/* --- what keys do to the node ----------------------------------------------------------------- */

static void panel_fact(void *context, const char *key, enum style style, const char *text)
{
	panel_add(context, key, style, "%s", text);
}

static int explain(void *context, const struct row *row, struct panel *ret, struct error *ret_error)
{
	const struct answer_sink sink = {panel_fact, ret};
	_answer_ struct answer answer = {.attempt = row->attempt};
	int r;

	r = answer_find(context, &answer, ret_error);
	if (!r)
		answer_tell(&answer, &sink);
	return r;
}

static struct timeout entry_begin(const struct settings *settings, const char *duration,
				  const struct row *row, struct expiry *expiry)
{
	struct timeout entry;

	/* Both words are good ones: nothing is printed. */
	expiry_parse(settings, strcmp(duration, FOR_EVER) ? duration : NULL, REASON, expiry);
	entry = expiry_begin(expiry);
	memcpy(entry.source.source, row->attempt->record.source, sizeof(entry.source.source));
	entry.source.length = 128;
	return entry;
}

static int ban(void *context, const struct row *row, const char *term, struct error *ret_error)
{
	const struct settings *settings = context;
	_store_ struct store store = STORE_NONE;
	struct expiry expiry = {0};
	struct timeout entry = entry_begin(settings, term, row, &expiry);
	struct timeout_list one = {.list = &entry, .count = 1};
	const struct bans_request request = {.bans = &one};
	struct bans_result done;
	int r = bans_open_for_one(&settings->instance, &store, ret_error);

	if (!r)
		r = bans_add(&store, &request, &done, ret_error);
	if (!r && done.kept)
		return error_set(ret_error, EEXIST, "it is banned already, and for longer");
	return r;
}

static int open_port(void *context, const struct row *row, const char *term,
		     struct error *ret_error)
{
	const struct settings *settings = context;
	_store_ struct store store = STORE_NONE;
	struct expiry expiry = {0};
	struct timeout entry = entry_begin(settings, term, row, &expiry);
	size_t replaced;
	int r = openings_open(&settings->instance, &store, ret_error);

	entry.port = row->attempt->record.port;
	entry.l4 = row->attempt->record.l4 == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;
	return r ? r : openings_add(&store, &entry, &replaced, ret_error);
}

static int unban(void *context, const struct cidr *source, struct error *ret_error)
{
	const struct settings *settings = context;
	_store_ struct store store = STORE_NONE;
	int r = bans_open_for_one(&settings->instance, &store, ret_error);

	return r ? r : bans_remove(&store, source, ret_error);
}

static int close_opening(void *context, uint32_t id, struct error *ret_error)
{
	const struct settings *settings = context;
	_store_ struct store store = STORE_NONE;
	struct timeout opening;
	int r = openings_open(&settings->instance, &store, ret_error);

	return r ? r : openings_remove(&store, id, &opening, ret_error);
}

static json_t *json_rows(const struct settings *settings, const struct rows *rows, enum group group)
{
	_cleanup_(port_names_free) struct port_names names = {0};
	json_t *list;

	if (group != GROUP_NONE)
		return json_sums(rows, group);
	list = json_make("[]");
	port_names_read(&settings->instance, &names, NULL);
	for (size_t i = 0; i < rows->count; i++)
		json_array_append_new(list, json_attempt_named(&names, rows->list[i].attempt));
	return list;
}

static int save(void *context, const char *path, const struct rows *rows, enum group group,
		struct error *ret_error)
{
	_json_ json_t *list = json_rows(context, rows, group);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed = false;
	json_t *object;
	size_t i;

	if (!file)
		return error_set(ret_error, errno, "cannot create %s: %s", path, strerror(errno));
	json_array_foreach (list, i, object)
		failed |= json_dumpf(object, file, JSON_COMPACT) || fputc('\n', file) == EOF;
	if (fclose(file) || failed)
		return error_set(ret_error, EIO, "cannot write %s", path);
	return 0;
}

/* --- the verb --------------------------------------------------------------------------------- */

/* As it would be typed behind "/". */
static void filter_line(const struct arguments *arguments, char *ret, size_t size)
{
	size_t length = 0;

	ret[0] = '\0';
	for (int i = 0; i < OPTION_COUNT; i++)
		if (arguments->options[i] && length < size)
			length +=
				snprintf(ret + length, size - length, "%s%s=%s", length ? " " : "",
					 top_options[i].name, arguments->options[i]);
}

static int screen_run(const struct settings *settings, const struct filter *filter,
		      const char *filter_text)
{
	const struct top_options options = {.instance = &settings->instance,
					    .filter = *filter,
					    .filter_text = filter_text,
					    .colour = settings->colour};
	const struct view_actions actions = {
		.explain = explain,
		.ban = ban,
		.open = open_port,
		.unban = unban,
		.close = close_opening,
		.save = save,
		.ban_terms = {ban_words, ARRAY_SIZE(ban_words), 1},
		.open_terms = {open_words, ARRAY_SIZE(open_words), 1},
		.context = (void *)settings,
	};
	struct error error = {0};
	int r = top_run(&options, &actions, &error);

	return r ? report_kernel(settings, r, &error) : EXIT_OK;
}

static int top_run_verb(const struct settings *settings, const struct arguments *arguments)
{
	const struct filter_words words = {
		.source = arguments->options[OPTION_SOURCE],
		.port = arguments->options[OPTION_PORT],
		.service = arguments->options[OPTION_SERVICE],
		.reason = arguments->options[OPTION_REASON],
		.since = arguments->options[OPTION_SINCE],
	};
	struct filter filter;
	struct error error = {0};
	char line[128];

	if (filter_parse(&words, wall_now(), &filter, &error)) {
		report_error(settings, &error);
		return EXIT_USAGE;
	}
	filter_line(arguments, line, sizeof(line));
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return screen_run(settings, &filter, line);
	return follow_run(settings, &filter);
}

const struct verb verb_top = {
	.name = "top",
	.operands = "",
	.summary = "who is refused, live, on the whole screen; ? shows the keys",
	.details = "Where stdout is no terminal it does what \"blocked -f\" does.",
	.options = top_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = top_run_verb,
};

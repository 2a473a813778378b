/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_blocked.c - rolewall blocked: who was refused, where and why. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attempt.h"
#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/sums.h"
#include "report/filter.h"
#include "report/feed.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

enum {
	OPTION_FOLLOW,
	OPTION_SOURCE,
	OPTION_PORT,
	OPTION_SERVICE,
	OPTION_REASON,
	OPTION_SINCE,
	OPTION_BY,
	OPTION_COUNT
};

static const struct option_spec blocked_options[] = {
	[OPTION_FOLLOW] = {"follow", 'f', NULL, "print attempts as they happen, until interrupted"},
	[OPTION_SOURCE] = {"source", 0, "PREFIX", "only from this address or prefix"},
	[OPTION_PORT] = {"port", 0, "N", "only to this port"},
	[OPTION_SERVICE] = {"service", 0, "NAME", "only to the port of this service"},
	[OPTION_REASON] = {"reason", 0, "REASON", "only for this reason, such as zone-denied"},
	[OPTION_SINCE] = {"since", 0, "TIME", "only seen since: 10m, 2h, 1d, or RFC 3339"},
	[OPTION_BY] = {"by", 0, "source|port", "summed up, the most packets first"},
};
_Static_assert(ARRAY_SIZE(blocked_options) == OPTION_COUNT, "an option lacks its row");

static void cleanup_feed(struct feed **feed)
{
	feed_close(*feed);
}

/* What is asked for, and how many more attempts are known. */
struct list {
	struct attempts attempts; /* owned */
	size_t others;
};

static void list_free(struct list *list)
{
	attempts_free(&list->attempts);
}

/* Takes `line`, which tells of an attempt, or that it was the last one of them. */
static int list_add(struct list *list, json_t *line, bool *ret_whole)
{
	struct attempts *attempts = &list->attempts;
	struct feed_attempt told;
	struct attempt *attempt = NULL;
	bool wanted = feed_attempt_read(line, &told) == 0;

	*ret_whole = !wanted;
	if (!wanted)
		list->others = json_integer_value(json_object_get(line, "others"));
	json_decref(line);
	if (!wanted)
		return 0;
	attempt = array_append(&attempts->list, &attempts->count, sizeof(*attempt));
	if (!attempt)
		return -ENOMEM;
	*attempt = told.attempt;
	return 0;
}

/* The kernel's table has all of them, and a port can have another name since the daemon looked. */
static void list_filter(struct list *list, const struct port_names *names,
			const struct filter *filter)
{
	struct attempts *attempts = &list->attempts;
	size_t kept = 0;

	for (size_t i = 0; i < attempts->count; i++) {
		const struct attempt *attempt = &attempts->list[i];

		if (filter_matches(filter, &attempt->record, service_of(names, &attempt->record),
				   attempt->last_ns))
			attempts->list[kept++] = *attempt;
		else
			list->others++;
	}
	attempts->count = kept;
}

static void list_print_json(const struct settings *settings, const struct port_names *names,
			    const struct attempts *attempts)
{
	json_t *array = json_make("[]");

	for (size_t i = 0; i < attempts->count; i++)
		json_array_append_new(array, json_attempt_named(names, &attempts->list[i]));
	print_json_list(settings, json_make("{s:o}", "attempts", array), "attempts");
}

static void note_none(const struct settings *settings, const struct list *list)
{
	report_note(settings, "no attempts%s",
		    list->others ? " that match; there are others" : " so far");
}

static void list_print(const struct settings *settings, const struct port_names *names,
		       const struct list *list)
{
	_table_ struct libscols_table *table = attempt_table(settings);

	for (size_t i = 0; i < list->attempts.count; i++)
		attempt_add(table, names, &list->attempts.list[i]);
	if (list->attempts.count)
		table_print(table);
	else
		note_none(settings, list);
}

/* Wait for its next line. -ETIMEDOUT: it has nothing to say. */
static int list_wait(const struct feed *feed)
{
	struct pollfd polled = {.fd = feed_fd(feed), .events = POLLIN};
	int count = poll(&polled, 1, FEED_PATIENCE_MS);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	return count ? 0 : -ETIMEDOUT;
}

/* What the daemon remembers is more than the kernel's table holds. -ENOENT: no daemon runs; else
 * it did not answer, or not to the end. */
static int list_ask(const struct instance *instance, const struct filter *filter, struct list *ret,
		    struct error *ret_error)
{
	const struct feed_request request = {.attempts = true, .history = true, .filter = *filter};
	_cleanup_(cleanup_feed) struct feed *feed = NULL;
	int r = feed_open(instance, &request, &feed, ret_error);
	bool whole = false;

	if (r)
		return r;
	while (!r && !whole) {
		json_t *line;

		r = feed_next(feed, &line);
		if (r == -EAGAIN)
			r = list_wait(feed);
		else if (!r)
			r = list_add(ret, line, &whole);
	}
	/* A daemon of another version closes at once. */
	if (!whole && (r == -EPIPE || r == -EPROTO || r == -ETIMEDOUT))
		return feed_unanswered(instance, r, ret_error);
	if (!whole)
		return error_set(ret_error, -r, "cannot read from the daemon: %s", strerror(-r));
	attempts_sort(&ret->attempts);
	return 0;
}

/* Where no daemon runs the kernel's table is all there is. `ret_partly`: where one runs that does
 * not answer, it is less than what was asked for. */
static int list_read(const struct settings *settings, const struct filter *filter, struct list *ret,
		     bool *ret_partly, struct error *ret_error)
{
	struct error error = {0};
	int r = list_ask(&settings->instance, filter, ret, &error);
	char text[1200];

	if (!r)
		return 0;
	*ret_partly = r != -ENOENT;
	snprintf(text, sizeof(text),
		 "%s; this is what the kernel's table holds, and not what was forgotten there (%s)",
		 error.what, error.hint);
	if (*ret_partly)
		report_warning(settings, error.where, text);
	list_free(ret);
	*ret = (struct list){0};
	return attempts_read(&settings->instance, &ret->attempts, ret_error);
}

static int sums_print(const struct settings *settings, const struct port_names *names,
		      const struct list *list, const struct rows_request *request)
{
	const struct attempts *attempts = &list->attempts;
	_cleanup_(book_free) struct book book = {0};
	_cleanup_(rows_free) struct rows rows = {0};

	book.pages = calloc(attempts->count + 1, sizeof(*book.pages));
	for (; book.pages && book.count < attempts->count; book.count++)
		book.pages[book.count].attempt = attempts->list[book.count];
	if (!book.pages || rows_build(&rows, &book, names, request))
		return report_failure(settings, NULL, "out of memory"), EXIT_FAILED;
	if (settings->output != OUTPUT_TABLE)
		print_json_list(settings,
				json_make("{s:s, s:o}", "by", group_word(request->group), "sums",
					  json_sums(&rows, request->group)),
				"sums");
	else if (rows.count)
		sums_table(settings, &rows, request->group);
	else
		note_none(settings, list);
	return EXIT_OK;
}

static int list_run(const struct settings *settings, const struct rows_request *request)
{
	_cleanup_(port_names_free) struct port_names names = {0};
	_cleanup_(list_free) struct list list = {0};
	struct error error = {0};
	bool partly = false;
	int r = port_names_read(&settings->instance, &names, &error);

	if (!r)
		r = list_read(settings, &request->filter, &list, &partly, &error);
	if (r)
		return report_kernel(settings, r, &error);
	list_filter(&list, &names, &request->filter);
	r = EXIT_OK;
	if (request->group != GROUP_NONE)
		r = sums_print(settings, &names, &list, request);
	else if (settings->output == OUTPUT_TABLE)
		list_print(settings, &names, &list);
	else
		list_print_json(settings, &names, &list.attempts);
	return partly ? EXIT_FAILED : r;
}

static int blocked_run(const struct settings *settings, const struct arguments *arguments)
{
	const struct filter_words words = {
		.source = arguments->options[OPTION_SOURCE],
		.port = arguments->options[OPTION_PORT],
		.service = arguments->options[OPTION_SERVICE],
		.reason = arguments->options[OPTION_REASON],
		.since = arguments->options[OPTION_SINCE],
	};
	const char *by = arguments->options[OPTION_BY];
	struct rows_request request = {.sort = SORT_HITS};
	struct error error = {0};

	if (by && (group_parse(by, &request.group) || arguments->options[OPTION_FOLLOW])) {
		report_failure(settings, "--by source, or --by port; not with -f",
			       "attempts cannot be summed up like that");
		return EXIT_USAGE;
	}
	if (filter_parse(&words, wall_now(), &request.filter, &error)) {
		report_error(settings, &error);
		return EXIT_USAGE;
	}
	if (arguments->options[OPTION_FOLLOW])
		return follow_run(settings, &request.filter);
	return list_run(settings, &request);
}

const struct verb verb_blocked = {
	.name = "blocked",
	.operands = "",
	.summary = "who was refused, on which port and why; -f follows",
	.details = "One line an attempt: all refused packets of one source, port, protocol, "
		   "interface and\n"
		   "reason. With -f a line comes at an attempt's 1st, 2nd, 4th, 8th, ... packet; "
		   "JSON is then\n"
		   "one object a line. Where the daemon runs, both show what it remembers; else "
		   "the list is\n"
		   "what the kernel's table holds, -f also tells in JSON when an attempt has left "
		   "that table\n"
		   "(\"settled\"), and only one can follow.",
	.options = blocked_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = blocked_run,
};

/* SPDX-License-Identifier: GPL-2.0 */
/* source.c - attempts, counters, bans and openings, as they change. */
#include "live/source.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/lists/bans.h"
#include "kernel/lists/openings.h"
#include "util/cleanup.h"
#include "util/reason.h"

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int source_fd(const struct source *source)
{
	return source->feed ? feed_fd(source->feed) : -1;
}

bool source_is_applied(const struct source *source)
{
	return source->snapshot.generation != 0;
}

void source_take(struct source *source)
{
	json_t *line;
	int r = 0;

	while (source->feed && !(r = feed_next(source->feed, &line))) {
		struct feed_attempt told;

		if (!feed_attempt_read(line, &told) && !told.pid)
			book_put(&source->book, &told.attempt);
		json_decref(line);
	}
	if (source->feed && r != -EAGAIN) {
		feed_close(source->feed);
		source->feed = NULL;
		source->unread = true;
	}
}

/* --- counters --------------------------------------------------------------------------------- */

/* Returns the seconds since the last time. */
static double time_pass(struct source *source)
{
	int64_t now = monotonic_ns(), before = source->read_ns;

	source->read_ns = now;
	return before ? (double)(now - before) / 1e9 : 0;
}

static double rate_of(uint64_t now, uint64_t before, double seconds)
{
	return seconds > 0 && now > before ? (double)(now - before) / seconds : 0;
}

static void counters_read(struct source *source, double seconds)
{
	uint64_t drops[RW_REASON_COUNT] = {0}, before = source->dropped + source->observed;
	struct totals totals = snapshot_totals(&source->snapshot);

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_name(reason) && reason_is_drop(reason))
			drops[reason] = snapshot_packets(&source->snapshot, reason);
	source->pass_rate = rate_of(totals.passed, source->passed, seconds);
	source->drop_rate = rate_of(totals.dropped + totals.observed, before, seconds);
	source->unread |= totals.dropped + totals.observed != before;
	source->passed = totals.passed;
	source->dropped = totals.dropped;
	source->observed = totals.observed;
	spark_put(&source->spark, drops, source->read_ns / 1000000000LL);
}

static int names_read(struct source *source)
{
	struct port_names fresh = {0};
	int r = port_names_read(source->instance, &fresh, &source->error);

	if (r)
		return r;
	port_names_free(&source->names);
	source->names = fresh;
	source->names_version++;
	return 0;
}

/*
 * There is no policy any more: an old snapshot would look like one. The names stay, for what was
 * refused before; the next policy has others, whatever its number.
 */
static void snapshot_forget(struct source *source)
{
	snapshot_free(&source->snapshot);
	source->names.snapshot.generation = 0;
	source->pass_rate = source->drop_rate = 0;
	error_set(&source->error, ENOENT, "nothing is applied: no policy is in force");
	error_hint(&source->error, "\"rolewall apply\" changes that");
}

static int snapshot_renew(struct source *source)
{
	struct snapshot fresh = {0};
	int r = snapshot_read(source->instance, &fresh, &source->error);

	if (r == -ENOENT)
		snapshot_forget(source);
	if (r)
		return r;
	snapshot_free(&source->snapshot);
	source->snapshot = fresh;
	source->error.what[0] = '\0';
	return fresh.generation == source->names.snapshot.generation ? 0 : names_read(source);
}

/* Only after something was refused: the table has thousands of slots for each CPU. */
static void table_read(struct source *source)
{
	_cleanup_(attempts_free) struct attempts attempts = {0};

	if (source->feed || !source->unread || !source_is_applied(source))
		return;
	if (attempts_read(source->instance, &attempts, &source->error))
		return;
	source->unread = false;
	for (size_t i = 0; i < attempts.count; i++)
		book_put(&source->book, &attempts.list[i]);
}

/* --- bans and openings ------------------------------------------------------------------------ */

static bool file_changed(const struct source *source, const char *name, struct stat *known)
{
	struct stat found = {0};
	char path[4096];
	bool changed;

	snprintf(path, sizeof(path), "%s/%s.tsv", source->instance->lib_dir, name);
	if (stat(path, &found))
		found = (struct stat){0};
	changed = found.st_ino != known->st_ino || found.st_size != known->st_size ||
		  found.st_mtim.tv_sec != known->st_mtim.tv_sec ||
		  found.st_mtim.tv_nsec != known->st_mtim.tv_nsec;
	*known = found;
	return changed;
}

static void list_read(struct source *source, struct timeout_list *list,
		      int (*read_file)(const struct instance *instance, struct timeout_list *ret,
				       struct error *ret_error))
{
	struct timeout_list fresh = {0};

	if (read_file(source->instance, &fresh, NULL))
		return;
	timeout_list_free(list);
	*list = fresh;
	source->lists_version++;
}

void source_read_lists(struct source *source)
{
	if (file_changed(source, "bans", &source->bans_stat))
		list_read(source, &source->bans, bans_read_file);
	if (file_changed(source, "openings", &source->openings_stat))
		list_read(source, &source->openings, openings_read_file);
}

void source_tick(struct source *source)
{
	double seconds = time_pass(source);

	source_take(source);
	if (!snapshot_renew(source))
		counters_read(source, seconds);
	table_read(source);
	book_tick(&source->book, seconds);
	source_read_lists(source);
}

int source_open(const struct instance *instance, struct source *ret, struct error *ret_error)
{
	static const struct feed_request request = {
		.attempts = true, .history = true, .follow = true};
	struct error error;
	int r;

	*ret = (struct source){.instance = instance, .unread = true};
	r = port_names_read(instance, &ret->names, ret_error);
	if (r)
		return r;
	if (feed_open(instance, &request, &ret->feed, &error))
		ret->feed = NULL;
	source_tick(ret);
	return 0;
}

void source_close(struct source *source)
{
	feed_close(source->feed);
	port_names_free(&source->names);
	snapshot_free(&source->snapshot);
	book_free(&source->book);
	timeout_list_free(&source->bans);
	timeout_list_free(&source->openings);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* lists.c - when to open the ledgers. */
#include "lists.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../kernel/bans.h"
#include "../kernel/clock.h"
#include "../kernel/openings.h"
#include "../kernel/pending.h"
#include "../util/error.h"
#include "lists_line.h"
#include "say.h"

#define REST 20 /* times as long as the reading took */

static const struct {
	const char *file;
	int (*open)(const struct instance *instance, struct ledger *ret, struct error *ret_error);
} kinds[LISTS_COUNT] = {
	{"bans.tsv", bans_open},
	{"openings.tsv", openings_open},
};

static struct stat file_stat(const struct lists *lists, size_t kind)
{
	struct stat found = {0};
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", lists->instance->lib_dir, kinds[kind].file);
	if (stat(path, &found))
		found = (struct stat){0};
	return found;
}

/* A change is a new file: see file_write_durably(). */
static bool has_changed(const struct lists *lists)
{
	for (size_t i = 0; i < LISTS_COUNT; i++) {
		struct stat now = file_stat(lists, i);

		if (now.st_ino != lists->files[i].st_ino ||
		    now.st_mtim.tv_sec != lists->files[i].st_mtim.tv_sec ||
		    now.st_mtim.tv_nsec != lists->files[i].st_mtim.tv_nsec)
			return true;
	}
	return false;
}

static void note_next_end(struct lists *lists, const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->list.count; i++) {
		int64_t end = ledger->list.list[i].expires;

		if (end && (!lists->next_end || end < lists->next_end))
			lists->next_end = end;
	}
}

static void say_once(struct lists *lists, int result, const struct error *error)
{
	if (result != lists->last_error)
		say_error(SAY_ERROR, "cannot see to bans and openings", error);
	lists->last_error = result;
}

static int read_one(struct lists *lists, size_t kind, struct error *ret_error)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	int result = kinds[kind].open(lists->instance, &ledger, ret_error);

	if (result)
		return result;
	if (ledger.damage.what[0])
		say_error(SAY_WARNING, "bans and openings", &ledger.damage);
	note_next_end(lists, &ledger);
	json_decref(lists->told[kind]);
	lists->told[kind] = lists_line_part(&ledger.list);
	/* Under the lock: what is written after this is news. */
	lists->files[kind] = file_stat(lists, kind);
	return 0;
}

static void read_all(struct lists *lists)
{
	uint64_t begun = pending_now();
	struct error error = {0};
	int result = 0;

	lists->next_end = 0;
	for (size_t i = 0; !result && i < LISTS_COUNT; i++)
		result = read_one(lists, i, &error);
	lists->rest_until = pending_now() + REST * (pending_now() - begun);
	if (result == -ENOENT)
		return; /* nothing is applied */
	if (result)
		say_once(lists, result, &error);
	else
		lists->last_error = 0;
}

void lists_tick(struct lists *lists)
{
	bool ended = lists->next_end && lists->next_end <= wall_now();

	if ((int64_t)pending_now() >= lists->rest_until && (ended || has_changed(lists)))
		read_all(lists);
}

void lists_reset(struct lists *lists)
{
	const struct instance *instance = lists->instance;

	lists_close(lists);
	*lists = (struct lists){.instance = instance};
	read_all(lists);
}

void lists_close(struct lists *lists)
{
	for (size_t i = 0; i < LISTS_COUNT; i++)
		json_decref(lists->told[i]);
	memset(lists->told, 0, sizeof(lists->told));
}

/* Borrowed by the line, or, where nothing could be read, an empty one. */
static json_t *part_of(const struct lists *lists, size_t kind)
{
	static const struct timed_list none;

	return lists->told[kind] ? json_incref(lists->told[kind]) : lists_line_part(&none);
}

json_t *lists_line_make(const struct lists *lists)
{
	return json_pack("{s:s, s:o, s:o}", "type", "lists", "bans", part_of(lists, 0), "openings",
			 part_of(lists, 1));
}

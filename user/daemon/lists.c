/* SPDX-License-Identifier: GPL-2.0 */
/* lists.c - when to see to the lists. */
#include "daemon/lists.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "daemon/lists_line.h"
#include "util/say.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/openings.h"
#include "kernel/lists/restore.h"
#include "util/clock.h"
#include "util/error.h"

#define REST 20 /* times as long as it took */

static bool is_due(const struct lists *lists)
{
	uint64_t now = clock_now(CLOCK_BOOTTIME);
	struct rw_presence presence;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(lists->maps->fd[MAP_PRESENCE], &zero, &presence))
		return false; /* nothing is applied */
	for (int i = 0; i < RW_LISTS; i++)
		if (!(presence.whole & 1U << i) ||
		    (presence.next_end[i] && presence.next_end[i] <= now))
			return true;
	return false;
}

static void see_to_them(struct lists *lists)
{
	int64_t begun = clock_now(CLOCK_MONOTONIC);
	struct error damage, error = {0};
	int r = restore_lists(lists->instance, &damage, &error);

	if (r == -EAGAIN)
		return; /* the lists are being changed: the next tick tries again */
	lists->rest_until =
		clock_now(CLOCK_MONOTONIC) + REST * (clock_now(CLOCK_MONOTONIC) - begun);
	if (damage.what[0])
		say_error(SAY_WARNING, "bans and openings", &damage);
	if (r == -ENOENT)
		return; /* nothing is applied */
	if (r && r != lists->last_error)
		say_error(SAY_ERROR, "cannot see to bans and openings", &error);
	lists->last_error = r;
}

void lists_tick(struct lists *lists)
{
	if (clock_now(CLOCK_MONOTONIC) >= lists->rest_until && is_due(lists))
		see_to_them(lists);
}

void lists_reset(struct lists *lists)
{
	lists->last_error = 0;
	lists->rest_until = 0; /* what cannot be done now is due at the next tick */
	see_to_them(lists);
}

void lists_close(struct lists *lists)
{
	for (size_t i = 0; i < RW_LISTS; i++)
		json_decref(lists->told[i].part);
	memset(lists->told, 0, sizeof(lists->told));
}

/* --- what subscribers hear -------------------------------------------------------------------- */

static const struct {
	const char *file;
	int (*read)(const struct instance *instance, struct timeout_list *ret,
		    struct error *ret_error);
} kinds[RW_LISTS] = {
	[RW_LIST_BANS] = {"bans.tsv", bans_read_file},
	[RW_LIST_OPENINGS] = {"openings.tsv", openings_read_file},
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

static bool is_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_ino == other->st_ino && one->st_size == other->st_size &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

/* Read from the file, without a lock: a `ban` does not wait until everything is read. */
static void told_refresh(struct lists *lists, size_t kind)
{
	_timeout_list_ struct timeout_list list = {0};
	struct told *told = &lists->told[kind];
	int64_t begun = clock_now(CLOCK_MONOTONIC);
	struct stat now = file_stat(lists, kind);

	if (told->part && is_same_file(&now, &told->file) && (!told->end || told->end > wall_now()))
		return;
	if (begun < told->rest_until || kinds[kind].read(lists->instance, &list, NULL))
		return;
	json_decref(told->part);
	*told = (struct told){.part = lists_line_part(&list), .file = now};
	for (size_t i = 0; i < list.count; i++) {
		int64_t end = list.list[i].expires;

		if (end && (!told->end || end < told->end))
			told->end = end;
	}
	told->rest_until = clock_now(CLOCK_MONOTONIC) + REST * (clock_now(CLOCK_MONOTONIC) - begun);
}

/* Borrowed by the line, or, where nothing could be read, an empty one. */
static json_t *part_of(struct lists *lists, size_t kind)
{
	static const struct timeout_list none;

	told_refresh(lists, kind);
	return lists->told[kind].part ? json_incref(lists->told[kind].part)
				      : lists_line_part(&none);
}

json_t *lists_line_make(struct lists *lists)
{
	return json_pack("{s:s, s:o, s:o}", "type", "lists", "bans", part_of(lists, RW_LIST_BANS),
			 "openings", part_of(lists, RW_LIST_OPENINGS));
}

/* SPDX-License-Identifier: GPL-2.0 */
/* ledger.c - keep maps and file together. */
#include "ledger.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../util/array.h"
#include "../util/cleanup.h"
#include "../util/file.h"
#include "clock.h"
#include "folder.h"
#include "lock.h"

#define FILE_MAX ((size_t)1 << 30)

/* --- the file ------------------------------------------------------------------------------------
 */

static int file_path(const struct ledger *ledger, const char *suffix, char ret[4096],
		     struct error *ret_error)
{
	int length = snprintf(ret, 4096, "%s/%s.tsv%s", ledger->instance->lib_dir,
			      ledger->kind->format.kind, suffix);

	return length < 4096 ? 0
			     : error_set(ret_error, ENAMETOOLONG, "the path %.200s... is too long",
					 ledger->instance->lib_dir);
}

/* No file is an empty one. What is wrong with its content goes into ledger->damage. */
static int file_load(struct ledger *ledger, struct timed_list *ret, struct error *ret_error)
{
	_free_ char *text = NULL;
	struct error error;
	char path[4096];
	size_t size;
	int r = file_path(ledger, "", path, ret_error);

	if (r)
		return r;
	r = file_read(path, FILE_MAX, &text, &size, &error);
	if (r == -ENOENT)
		return 0;
	if (r) {
		ledger->damage = error;
		return 0;
	}
	r = timed_parse(&ledger->kind->format, path, TAKE_PTR(text), ret, &ledger->damage);
	return r ? error_set(ret_error, -r, "cannot read %s: %s", path, strerror(-r)) : 0;
}

/* Nothing that might be of use is overwritten. */
static void file_set_aside(struct ledger *ledger)
{
	char path[4096], aside[4096];

	if (!ledger->damage.what[0] || file_path(ledger, "", path, NULL) ||
	    file_path(ledger, ".damaged", aside, NULL))
		return;
	unlink(aside);
	if (link(path, aside) == 0)
		error_hint(&ledger->damage, "its whole lines were used; it is kept as %s", aside);
}

static int file_save(const struct ledger *ledger, const struct timed_list *list,
		     struct error *ret_error)
{
	_free_ char *text = NULL;
	char path[4096];
	size_t size;
	int error = folder_make(ledger->instance->lib_dir, ret_error);

	if (!error)
		error = file_path(ledger, "", path, ret_error);
	if (error)
		return error;
	error = timed_print(&ledger->kind->format, list, &text, &size);
	if (error)
		return error_set(ret_error, -error, "out of memory");
	error = file_write_durably(path, text, size, 0640, ret_error);
	if (error)
		error_hint(ret_error, "nothing was changed; make room or rights for it, or choose "
				      "another --lib-dir");
	return error;
}

/* --- the maps ------------------------------------------------------------------------------------
 */

static int presence_read(const struct ledger *ledger, struct rw_presence *ret)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(ledger->maps.fd[MAP_PRESENCE], &zero, ret) ? -errno : 0;
}

static int presence_write(const struct ledger *ledger, const struct timed_list *list)
{
	struct rw_presence presence;
	__u32 zero = 0;
	int error = presence_read(ledger, &presence);

	if (error)
		return error;
	ledger->kind->count(list, &presence);
	presence.restored |= ledger->kind->restored;
	return bpf_map_update_elem(ledger->maps.fd[MAP_PRESENCE], &zero, &presence, BPF_ANY)
		       ? -errno
		       : 0;
}

static int kernel_read(const struct ledger *ledger, struct timed_list *ret)
{
	_timed_list_ struct timed_list list = {0};
	int error = ledger->kind->read(&ledger->maps, wall_offset(ledger->kind->clock), &list);

	if (!error)
		error = timed_sort(&list);
	if (error)
		return error;
	*ret = list;
	list = (struct timed_list){0};
	return 0;
}

static int kernel_insert(const struct ledger *ledger, const struct timed_list *entries)
{
	return ledger->kind->insert(&ledger->maps, wall_offset(ledger->kind->clock), entries);
}

/* --- lists --------------------------------------------------------------------------------------
 */

/* Of `entries`, those that are in `list`, as they stand there. */
static int list_select(const struct timed_list *entries, const struct timed_list *list,
		       struct timed_list *ret)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct timed *found = timed_find(list, &entries->list[i]);
		struct timed *kept;

		if (!found)
			continue;
		kept = array_append(&ret->list, &ret->count, sizeof(*kept));
		if (!kept)
			return -ENOMEM;
		*kept = *found;
	}
	return 0;
}

/* `list` without `removed` and with `added`, which wins over what is the same. */
static int list_merge(const struct timed_list *list, const struct timed_list *removed,
		      const struct timed_list *added, struct timed_list *ret)
{
	struct timed *out = reallocarray(NULL, list->count + added->count + 1, sizeof(*out));
	size_t count = 0, a = 0, b = 0;

	if (!out)
		return -ENOMEM;
	while (a < list->count || b < added->count) {
		int order = a == list->count	? 1
			    : b == added->count ? -1
						: timed_compare(&list->list[a], &added->list[b]);

		if (order >= 0)
			out[count++] = added->list[b++];
		else if (!timed_find(removed, &list->list[a]))
			out[count++] = list->list[a];
		a += order <= 0;
	}
	*ret = (struct timed_list){.list = out, .count = count};
	return 0;
}

/* --- a change -----------------------------------------------------------------------------------
 */

/* What has to be known to go forth and back. The lists borrow their strings. */
struct change_plan {
	struct timed_list removed;  /* as they are now */
	struct timed_list added;    /* to come */
	struct timed_list replaced; /* of `added`: as they are now */
	struct timed_list after;    /* the whole list, then */
};

static void change_plan_free(struct change_plan *plan)
{
	free(plan->removed.list);
	free(plan->replaced.list);
	free(plan->after.list);
}

static int change_plan_make(const struct ledger *ledger, const struct timed_list *removed,
			    const struct timed_list *added, struct change_plan *plan)
{
	static const struct timed_list nothing;
	int error = 0;

	plan->added = added ? *added : nothing;
	if (removed)
		error = list_select(removed, &ledger->list, &plan->removed);
	if (!error)
		error = list_select(&plan->added, &ledger->list, &plan->replaced);
	if (!error)
		error = list_merge(&ledger->list, &plan->removed, &plan->added, &plan->after);
	return error;
}

static int change_maps(const struct ledger *ledger, const struct change_plan *plan)
{
	int error = kernel_insert(ledger, &plan->added);

	if (!error)
		error = ledger->kind->erase(&ledger->maps, &plan->removed);
	return error ? error : presence_write(ledger, &plan->after);
}

/* Of `added`, what was not there. In small pieces: this may be for want of memory. */
static void erase_new(const struct ledger *ledger, const struct timed_list *added)
{
	struct timed pieces[64];
	struct timed_list piece = {.list = pieces};

	for (size_t i = 0; i < added->count; i++) {
		if (!timed_find(&ledger->list, &added->list[i]))
			pieces[piece.count++] = added->list[i];
		if (piece.count < ARRAY_SIZE(pieces) && i + 1 < added->count)
			continue;
		ledger->kind->erase(&ledger->maps, &piece);
		piece.count = 0;
	}
}

/* Best effort: what cannot be undone now shows in the next list, which is read from the kernel. */
static void change_undo(const struct ledger *ledger, const struct change_plan *plan)
{
	kernel_insert(ledger, &plan->removed);
	kernel_insert(ledger, &plan->replaced);
	erase_new(ledger, &plan->added);
	presence_write(ledger, &ledger->list);
}

static int change_refused(const struct ledger *ledger, int error, struct error *ret_error)
{
	const char *noun = ledger->kind->noun;

	if (error != -E2BIG && error != -ENOSPC)
		return error_set(ret_error, -error, "cannot change the %s: %s", noun,
				 strerror(-error));
	error_set(ret_error, ENOSPC, "there is no room for more %s", noun);
	error_hint(ret_error, "nothing was changed; take away some that are not needed any more");
	return -ENOSPC;
}

static int change_carry_out(struct ledger *ledger, struct change_plan *plan,
			    struct error *ret_error)
{
	int error = change_maps(ledger, plan);

	if (error)
		change_refused(ledger, error, ret_error);
	else
		error = file_save(ledger, &plan->after, ret_error);
	if (error) {
		change_undo(ledger, plan);
		return error;
	}
	free(ledger->list.list);
	ledger->list.list = TAKE_PTR(plan->after.list);
	ledger->list.count = plan->after.count;
	return 0;
}

int ledger_change(struct ledger *ledger, const struct timed_list *removed,
		  const struct timed_list *added, struct error *ret_error)
{
	_cleanup_(change_plan_free) struct change_plan plan = {0};
	int error = change_plan_make(ledger, removed, added, &plan);
	sigset_t all, before;

	if (error)
		return error_set(ret_error, -error, "out of memory");
	/* Control-C in the middle of a million is no reason for a half. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	error = change_carry_out(ledger, &plan, ret_error);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* --- opening ------------------------------------------------------------------------------------
 */

static bool has_ended(const struct timed *entry, int64_t now)
{
	return entry->expires && entry->expires <= now;
}

/*
 * May this entry of the file come back? Where the clock stands before the entry was made, nobody
 * knows how much of its time is left: all of it for a ban, none for an opening.
 */
static bool is_restored(const struct ledger_kind *kind, struct timed *entry, int64_t now)
{
	int64_t since = entry->since * TIMED_SECOND;

	if (has_ended(entry, now))
		return false;
	if (!entry->expires || since <= now)
		return true;
	entry->expires = now + (entry->expires - since);
	return kind->outlives_clock && !has_ended(entry, now);
}

/* The maps are new: put back what has not ended. */
static int restore(struct ledger *ledger, struct timed_list *file, struct error *ret_error)
{
	int64_t now = wall_now();
	size_t kept = 0;
	int error;

	for (size_t i = 0; i < file->count; i++)
		if (is_restored(ledger->kind, &file->list[i], now))
			file->list[kept++] = file->list[i];
	file->count = kept;
	error = kernel_insert(ledger, file);
	if (!error)
		error = presence_write(ledger, file);
	return error ? change_refused(ledger, error, ret_error) : 0;
}

/* Who wanted it and why: the kernel does not know. Returns whether the file has just these entries.
 */
static bool annotate(struct timed_list *list, const struct timed_list *file)
{
	size_t known = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct timed *entry = &list->list[i];
		const struct timed *found = timed_find(file, entry);

		entry->who = found ? found->who : "";
		entry->reason = found ? found->reason : "";
		entry->since = found ? found->since : 0;
		known += found != NULL;
	}
	return known == list->count && known == file->count;
}

static int ended_select(const struct timed_list *list, struct timed_list *ret)
{
	int64_t now = wall_now();

	for (size_t i = 0; i < list->count; i++) {
		struct timed *entry;

		if (!has_ended(&list->list[i], now))
			continue;
		entry = array_append(&ret->list, &ret->count, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		*entry = list->list[i];
	}
	return 0;
}

static int ended_remove(struct ledger *ledger, const struct timed_list *ended,
			struct error *ret_error)
{
	_cleanup_(change_plan_free) struct change_plan plan = {0};
	int error = change_plan_make(ledger, ended, NULL, &plan);

	if (!error)
		error = change_maps(ledger, &plan);
	if (error)
		return change_refused(ledger, error, ret_error);
	free(ledger->list.list);
	ledger->list.list = TAKE_PTR(plan.after.list);
	ledger->list.count = plan.after.count;
	return 0;
}

/* A file that cannot be written now is no reason to keep what has ended, or to show nothing. */
static int tidy(struct ledger *ledger, bool same, struct error *ret_error)
{
	_timed_list_ struct timed_list ended = {0};
	struct error error;
	int r;

	if (ended_select(&ledger->list, &ended))
		return error_set(ret_error, ENOMEM, "out of memory");
	r = ended.count ? ended_remove(ledger, &ended, ret_error) : 0;
	if (r)
		return r;
	if (same && !ended.count && !ledger->damage.what[0])
		return 0;
	file_set_aside(ledger);
	if (file_save(ledger, &ledger->list, &error) && !ledger->damage.what[0])
		ledger->damage = error;
	return 0;
}

static int fill(struct ledger *ledger, struct error *ret_error)
{
	_timed_list_ struct timed_list file = {0};
	struct rw_presence presence;
	bool same;
	int error = presence_read(ledger, &presence);

	if (error)
		return error_set(ret_error, -error, "cannot read the map presence: %s",
				 strerror(-error));
	error = file_load(ledger, &file, ret_error);
	if (!error && !(presence.restored & ledger->kind->restored))
		error = restore(ledger, &file, ret_error);
	if (error)
		return error;
	error = kernel_read(ledger, &ledger->list);
	if (error)
		return error_set(ret_error, -error, "cannot read the %s from the kernel: %s",
				 ledger->kind->noun, strerror(-error));
	same = annotate(&ledger->list, &file);
	ledger->list.text = TAKE_PTR(file.text);
	return tidy(ledger, same, ret_error);
}

int ledger_open(const struct instance *instance, const struct ledger_kind *kind, struct ledger *ret,
		struct error *ret_error)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	int error;

	ledger.kind = kind;
	ledger.instance = instance;
	/* Before the lock: where nothing is applied, no state directory is made. */
	error = maps_open(instance, &ledger.maps, ret_error);
	if (error)
		return error;
	maps_close(&ledger.maps);
	error = lock_take(instance, "lock", &ledger.lock, &ledger.waited, ret_error);
	if (!error)
		error = maps_open(instance, &ledger.maps, ret_error);
	if (!error)
		error = fill(&ledger, ret_error);
	if (error)
		return error;
	*ret = ledger;
	ledger = (struct ledger)LEDGER_NONE;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	maps_close(&ledger->maps);
	timed_list_free(&ledger->list);
	cleanup_close(&ledger->lock);
	*ledger = (struct ledger)LEDGER_NONE;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_open.c - open a ledger: restore, read, tidy. */
#include "kernel/lists/ledger_open.h"

#include <errno.h>
#include <string.h>

#include "kernel/lists/ledger_change.h"
#include "kernel/lists/ledger_file.h"
#include "kernel/lists/ledger_maps.h"
#include "kernel/object/lock.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define SHORT_FILE ((size_t)1 << 20) /* bytes: read in no time, even by a change of one entry */

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
	int64_t since = time_of_seconds(entry->since);

	if (has_ended(entry, now))
		return false;
	if (!entry->expires || since <= now)
		return true;
	entry->expires = time_add(now, time_subtract(entry->expires, since));
	return kind->outlives_clock && !has_ended(entry, now);
}

/* Of the file: what may come back into the maps. */
static void file_select(const struct ledger *ledger, struct timed_list *file)
{
	int64_t now = ledger_now(ledger);
	size_t kept = 0;

	for (size_t i = 0; i < file->count; i++)
		if (is_restored(ledger->kind, &file->list[i], now))
			file->list[kept++] = file->list[i];
	file->count = kept;
}

/* What has ended may stay in the file. By which clock, the kernel knows best: this one may be set.
 */
static void file_drop_ended(const struct ledger *ledger, struct timed_list *file)
{
	int64_t now = ledger_now(ledger);
	size_t kept = 0;

	for (size_t i = 0; i < file->count; i++)
		if (!has_ended(&file->list[i], now) || timed_find(&ledger->list, &file->list[i]))
			file->list[kept++] = file->list[i];
	file->count = kept;
}

static int erase_strangers(const struct ledger *ledger, const struct timed_list *file)
{
	_timed_list_ struct timed_list found = {0};
	size_t strangers = 0;
	int error = kernel_read(ledger, &found);

	for (size_t i = 0; !error && i < found.count; i++)
		if (!timed_find(file, &found.list[i]))
			found.list[strangers++] = found.list[i];
	found.count = strangers;
	return error ? error : ledger->kind->erase(&ledger->maps, &found);
}

/*
 * The maps are new, or a change was cut off in the middle: what the file says comes back. Where the
 * file is damaged, nothing is taken for wrong because it is not in there.
 */
static int restore(struct ledger *ledger, const struct timed_list *file, struct error *ret_error)
{
	int error = ledger->damage.what[0] ? 0 : erase_strangers(ledger, file);

	if (!error)
		error = kernel_insert(ledger, file);
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

static int ended_select(const struct ledger *ledger, struct timed_list *ret)
{
	int64_t now = ledger_now(ledger);

	for (size_t i = 0; i < ledger->list.count; i++) {
		struct timed *entry;

		if (!has_ended(&ledger->list.list[i], now))
			continue;
		entry = array_append(&ret->list, &ret->count, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		*entry = ledger->list.list[i];
	}
	return 0;
}

/* Read what there is, without what has ended. The file may go on having that. */
static int kernel_fill(struct ledger *ledger, size_t *ret_ended, struct error *ret_error)
{
	_timed_list_ struct timed_list ended = {0};
	int error = kernel_read(ledger, &ledger->list);

	if (error)
		return error_set(ret_error, -error, "cannot read the %s from the kernel: %s",
				 ledger->kind->noun, strerror(-error));
	if (ended_select(ledger, &ended))
		return error_set(ret_error, ENOMEM, "out of memory");
	*ret_ended = ended.count;
	return ended.count ? ledger_forget(ledger, &ended, ret_error) : 0;
}

/* Somebody else has a hand in the maps, or a file was cut off: the counts follow the list. */
static int presence_correct(const struct ledger *ledger, const struct rw_presence *found)
{
	struct rw_presence counted = *found;

	ledger->kind->count(&ledger->list, &counted);
	if (!memcmp(&counted, found, sizeof(counted)) && presence_is_whole(ledger, found))
		return 0;
	return presence_write(ledger, &ledger->list) ? -EIO : presence_set_whole(ledger, true);
}

/* A file that cannot be written now is no reason to show nothing. */
static void file_correct(struct ledger *ledger)
{
	struct error error;

	ledger_file_set_aside(ledger);
	if (ledger_file_save(ledger, &ledger->list, &error) && !ledger->damage.what[0])
		ledger->damage = error;
}

static int fill(struct ledger *ledger, const struct rw_presence *presence, struct error *ret_error)
{
	_timed_list_ struct timed_list file = {0};
	bool whole = presence_is_whole(ledger, presence), same;
	size_t ended = 0;
	int error = ledger_file_load(ledger, &file, ret_error);

	if (!error && !whole) {
		file_select(ledger, &file);
		error = restore(ledger, &file, ret_error);
	}
	if (!error)
		error = kernel_fill(ledger, &ended, ret_error);
	if (error)
		return error;
	ledger->listed = true;
	file_drop_ended(ledger, &file);
	same = annotate(&ledger->list, &file);
	ledger->list.text = TAKE_PTR(file.text);
	if (presence_correct(ledger, presence))
		return error_set(ret_error, EIO, "cannot write the map presence");
	if (!same || ended || ledger->damage.what[0] || !ledger_file_has_room(&ledger->heading))
		file_correct(ledger);
	return 0;
}

/* The lock and the maps. Before the lock: where nothing is applied, no state directory is made. */
static int ledger_begin(const struct instance *instance, const struct ledger_kind *kind,
			struct ledger *ledger, struct rw_presence *ret, struct error *ret_error)
{
	int error = maps_open(instance, &ledger->maps, ret_error);

	ledger->kind = kind;
	ledger->instance = instance;
	ledger->ahead = wall_offset(kind->clock);
	maps_close(&ledger->maps);
	if (!error)
		error = lock_take(instance, LOCK_LISTS, &ledger->lock, &ledger->waited, ret_error);
	if (!error)
		error = maps_open(instance, &ledger->maps, ret_error);
	if (error)
		return error;
	error = presence_read(ledger, ret);
	return error ? error_set(ret_error, -error, "cannot read the map presence: %s",
				 strerror(-error))
		     : 0;
}

static bool is_for_one(struct ledger *ledger, const struct rw_presence *presence)
{
	return presence_is_whole(ledger, presence) && ledger_file_open_tail(ledger) &&
	       !(presence_is_due(ledger, presence) && ledger->heading.size < SHORT_FILE);
}

static int ledger_open_as(const struct instance *instance, const struct ledger_kind *kind,
			  bool for_one, struct ledger *ret, struct error *ret_error)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	struct rw_presence presence;
	int error = ledger_begin(instance, kind, &ledger, &presence, ret_error);

	if (!error && !(for_one && is_for_one(&ledger, &presence)))
		error = fill(&ledger, &presence, ret_error);
	if (error)
		return error;
	*ret = ledger;
	ledger = (struct ledger)LEDGER_NONE;
	return 0;
}

int ledger_open(const struct instance *instance, const struct ledger_kind *kind, struct ledger *ret,
		struct error *ret_error)
{
	return ledger_open_as(instance, kind, false, ret, ret_error);
}

int ledger_open_for_one(const struct instance *instance, const struct ledger_kind *kind,
			struct ledger *ret, struct error *ret_error)
{
	return ledger_open_as(instance, kind, true, ret, ret_error);
}

int ledger_tidy(const struct instance *instance, const struct ledger_kind *kind,
		struct error *ret_damage, struct error *ret_error)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	struct rw_presence presence;
	size_t ended;
	int error = ledger_begin(instance, kind, &ledger, &presence, ret_error);

	if (!error && !presence_is_whole(&ledger, &presence))
		error = fill(&ledger, &presence, ret_error);
	else if (!error && presence_is_due(&ledger, &presence))
		error = kernel_fill(&ledger, &ended, ret_error);
	if (!ret_damage->what[0])
		*ret_damage = ledger.damage;
	return error;
}

int ledger_read_file(const struct instance *instance, const struct ledger_kind *kind,
		     struct timed_list *ret, struct error *ret_error)
{
	struct ledger ledger = LEDGER_NONE;
	int error;

	ledger.kind = kind;
	ledger.instance = instance;
	ledger.ahead = wall_offset(kind->clock);
	error = ledger_file_load(&ledger, ret, ret_error);
	if (!error)
		file_drop_ended(&ledger, ret);
	return error;
}

int ledger_look_up(const struct ledger *ledger, struct timed *entry, char **ret_text,
		   struct error *ret_error)
{
	const struct timed *found;

	if (!ledger->listed)
		return ledger_find(ledger, entry)
			       ? ledger_file_find(ledger, entry, ret_text, ret_error)
			       : -ENOENT;
	found = timed_find(&ledger->list, entry);
	if (!found)
		return -ENOENT;
	*entry = *found;
	*ret_text = NULL;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	maps_close(&ledger->maps);
	timed_list_free(&ledger->list);
	for (size_t i = 0; i < ledger->kept_count; i++)
		free(ledger->kept[i]);
	free(ledger->kept);
	cleanup_close(&ledger->tail);
	cleanup_close(&ledger->lock);
	*ledger = (struct ledger)LEDGER_NONE;
}

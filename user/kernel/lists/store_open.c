/* SPDX-License-Identifier: GPL-2.0 */
/* store_open.c - open a store: restore, read, tidy. */
#include "kernel/lists/store_open.h"

#include <errno.h>
#include <string.h>

#include "kernel/lists/store_change.h"
#include "kernel/lists/store_file.h"
#include "kernel/lists/store_maps.h"
#include "kernel/object/lock.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define SHORT_FILE ((size_t)1 << 20) /* bytes: read in no time, even by a change of one entry */

static bool has_ended(const struct timeout *entry, int64_t now)
{
	return entry->expires && entry->expires <= now;
}

/*
 * May this entry of the file come back? Where the clock stands before the entry was made, it is
 * unknown how much of its time is left: a ban gets all of it, an opening none.
 */
static bool is_restored(const struct store_kind *kind, struct timeout *entry, int64_t now)
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
static void file_select(const struct store *store, struct timeout_list *file)
{
	int64_t now = store_now(store);
	size_t kept = 0;

	for (size_t i = 0; i < file->count; i++)
		if (is_restored(store->kind, &file->list[i], now))
			file->list[kept++] = file->list[i];
	file->count = kept;
}

/*
 * What has ended may stay in the file. By which clock, the kernel knows best: this one may be set.
 */
static void file_drop_ended(const struct store *store, struct timeout_list *file)
{
	int64_t now = store_now(store);
	size_t kept = 0;

	for (size_t i = 0; i < file->count; i++)
		if (!has_ended(&file->list[i], now) || timeout_find(&store->list, &file->list[i]))
			file->list[kept++] = file->list[i];
	file->count = kept;
}

static int erase_strangers(const struct store *store, const struct timeout_list *file)
{
	_timeout_list_ struct timeout_list found = {0};
	size_t strangers = 0;
	int r = kernel_read(store, &found);

	for (size_t i = 0; !r && i < found.count; i++)
		if (!timeout_find(file, &found.list[i]))
			found.list[strangers++] = found.list[i];
	found.count = strangers;
	return r ? r : store->kind->erase(&store->maps, &found);
}

/*
 * The maps are new, or a change was cut off in the middle: what the file says comes back. Where the
 * file is damaged, nothing is taken for wrong because it is not in there.
 */
static int restore(struct store *store, const struct timeout_list *file, struct error *ret_error)
{
	int r = store->damage.what[0] ? 0 : erase_strangers(store, file);

	if (!r)
		r = kernel_insert(store, file);
	return r ? change_refused(store, r, ret_error) : 0;
}

/*
 * Who wanted it and why: the kernel does not know. Returns whether the file has just these entries.
 */
static bool annotate(struct timeout_list *list, const struct timeout_list *file)
{
	size_t known = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct timeout *entry = &list->list[i];
		const struct timeout *found = timeout_find(file, entry);

		entry->who = found ? found->who : "";
		entry->reason = found ? found->reason : "";
		entry->since = found ? found->since : 0;
		known += found != NULL;
	}
	return known == list->count && known == file->count;
}

static int ended_select(const struct store *store, struct timeout_list *ret)
{
	int64_t now = store_now(store);

	for (size_t i = 0; i < store->list.count; i++) {
		struct timeout *entry;

		if (!has_ended(&store->list.list[i], now))
			continue;
		entry = array_append(&ret->list, &ret->count, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		*entry = store->list.list[i];
	}
	return 0;
}

/* Read what there is, without what has ended. The file may go on having that. */
static int kernel_fill(struct store *store, size_t *ret_ended, struct error *ret_error)
{
	_timeout_list_ struct timeout_list ended = {0};
	int r = kernel_read(store, &store->list);

	if (r)
		return error_set(ret_error, -r, "cannot read the %s from the kernel: %s",
				 store->kind->noun, strerror(-r));
	if (ended_select(store, &ended))
		return error_set(ret_error, ENOMEM, "out of memory");
	*ret_ended = ended.count;
	return ended.count ? store_forget(store, &ended, ret_error) : 0;
}

/* If another program changed the maps, or a file was cut off, the counts follow the list. */
static int presence_correct(const struct store *store, const struct rw_presence *found)
{
	struct rw_presence counted = *found;

	store->kind->count(&store->list, &counted);
	if (!memcmp(&counted, found, sizeof(counted)) && presence_is_whole(store, found))
		return 0;
	/* What came without us is in no filter yet. */
	if (kernel_insert(store, &store->list))
		return -EIO;
	return presence_write(store, &store->list) ? -EIO : presence_set_whole(store, true);
}

/* A file that cannot be written now is no reason to show nothing. */
static void file_correct(struct store *store)
{
	struct error error;

	store_file_set_aside(store);
	if (store_file_save(store, &store->list, &error) && !store->damage.what[0])
		store->damage = error;
}

static int store_fill(struct store *store, const struct rw_presence *presence,
		      struct error *ret_error)
{
	_timeout_list_ struct timeout_list file = {0};
	bool whole = presence_is_whole(store, presence), same;
	size_t ended = 0;
	int r = store_file_load(store, &file, ret_error);

	if (!r && !whole) {
		file_select(store, &file);
		r = restore(store, &file, ret_error);
	}
	if (!r)
		r = kernel_fill(store, &ended, ret_error);
	if (r)
		return r;
	store->listed = true;
	file_drop_ended(store, &file);
	same = annotate(&store->list, &file);
	store->list.text = TAKE_PTR(file.text);
	if (presence_correct(store, presence))
		return error_set(ret_error, EIO, "cannot write the map presence");
	if (!same || ended || store->damage.what[0] || !store_file_has_room(&store->heading))
		file_correct(store);
	return 0;
}

/* The lock and the maps. Before the lock: where nothing is applied, no state directory is made. */
static int store_begin(const struct instance *instance, const struct store_kind *kind,
		       struct store *store, struct rw_presence *ret, struct error *ret_error)
{
	int r = maps_open(instance, &store->maps, ret_error);

	store->kind = kind;
	store->instance = instance;
	store->ahead = wall_offset(kind->clock);
	maps_close(&store->maps);
	if (!r)
		r = lock_take(instance, LOCK_LISTS, &store->lock, &store->waited, ret_error);
	if (!r)
		r = maps_open(instance, &store->maps, ret_error);
	if (r)
		return r;
	r = presence_read(store, ret);
	return r ? error_set(ret_error, -r, "cannot read the map presence: %s", strerror(-r)) : 0;
}

static bool is_for_one(struct store *store, const struct rw_presence *presence)
{
	return presence_is_whole(store, presence) && store_file_open_tail(store) &&
	       !(presence_is_due(store, presence) && store->heading.size < SHORT_FILE);
}

static int store_open_as(const struct instance *instance, const struct store_kind *kind,
			 bool for_one, struct store *ret, struct error *ret_error)
{
	_store_ struct store store = STORE_NONE;
	struct rw_presence presence;
	int r = store_begin(instance, kind, &store, &presence, ret_error);

	if (!r && !(for_one && is_for_one(&store, &presence)))
		r = store_fill(&store, &presence, ret_error);
	if (r)
		return r;
	*ret = store;
	store = (struct store)STORE_NONE;
	return 0;
}

int store_open(const struct instance *instance, const struct store_kind *kind, struct store *ret,
	       struct error *ret_error)
{
	return store_open_as(instance, kind, false, ret, ret_error);
}

int store_open_for_one(const struct instance *instance, const struct store_kind *kind,
		       struct store *ret, struct error *ret_error)
{
	return store_open_as(instance, kind, true, ret, ret_error);
}

int store_tidy(const struct instance *instance, const struct store_kind *kind,
	       struct error *ret_damage, struct error *ret_error)
{
	_store_ struct store store = STORE_NONE;
	struct rw_presence presence;
	size_t ended;
	int r = store_begin(instance, kind, &store, &presence, ret_error);

	if (!r && !presence_is_whole(&store, &presence))
		r = store_fill(&store, &presence, ret_error);
	else if (!r && presence_is_due(&store, &presence))
		r = kernel_fill(&store, &ended, ret_error);
	if (!ret_damage->what[0])
		*ret_damage = store.damage;
	return r;
}

int store_read_file(const struct instance *instance, const struct store_kind *kind,
		    struct timeout_list *ret, struct error *ret_error)
{
	struct store store = STORE_NONE;
	int r;

	store.kind = kind;
	store.instance = instance;
	store.ahead = wall_offset(kind->clock);
	r = store_file_load(&store, ret, ret_error);
	if (!r)
		file_drop_ended(&store, ret);
	return r;
}

int store_look_up(const struct store *store, struct timeout *entry, char **ret_text,
		  struct error *ret_error)
{
	const struct timeout *found;

	if (!store->listed)
		return store_find(store, entry) ? store_file_find(store, entry, ret_text, ret_error)
						: -ENOENT;
	found = timeout_find(&store->list, entry);
	if (!found)
		return -ENOENT;
	*entry = *found;
	*ret_text = NULL;
	return 0;
}

void store_close(struct store *store)
{
	maps_close(&store->maps);
	timeout_list_free(&store->list);
	for (size_t i = 0; i < store->kept_count; i++)
		free(store->kept[i]);
	free(store->kept);
	cleanup_close(&store->tail);
	cleanup_close(&store->lock);
	*store = (struct store)STORE_NONE;
}

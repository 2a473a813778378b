/* SPDX-License-Identifier: GPL-2.0 */
/* store_change.c - a change goes into maps and file, or into neither. */
#include "kernel/lists/store_change.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lists/store_file.h"
#include "kernel/lists/store_maps.h"
#include "util/array.h"
#include "util/cleanup.h"

/* --- lists ------------------------------------------------------------------------------------ */

/* Of `entries`, those that are in `list`, as they stand there. */
static int list_select(const struct timeout_list *entries, const struct timeout_list *list,
		       struct timeout_list *ret)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct timeout *found = timeout_find(list, &entries->list[i]);
		struct timeout *kept;

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
static int list_merge(const struct timeout_list *list, const struct timeout_list *removed,
		      const struct timeout_list *added, struct timeout_list *ret)
{
	struct timeout *out = reallocarray(NULL, list->count + added->count + 1, sizeof(*out));
	size_t count = 0, a = 0, b = 0;

	if (!out)
		return -ENOMEM;
	while (a < list->count || b < added->count) {
		int order = a == list->count	? 1
			    : b == added->count ? -1
						: timeout_compare(&list->list[a], &added->list[b]);

		if (order >= 0)
			out[count++] = added->list[b++];
		else if (!timeout_find(removed, &list->list[a]))
			out[count++] = list->list[a];
		a += order <= 0;
	}
	*ret = (struct timeout_list){.list = out, .count = count};
	return 0;
}

/* --- a change --------------------------------------------------------------------------------- */

/* What a change needs in order to be made and undone. The lists borrow their strings. */
struct change_plan {
	struct timeout_list removed;  /* as they are now */
	struct timeout_list added;    /* to come */
	struct timeout_list replaced; /* of `added`: as they are now */
	struct timeout_list after;    /* the whole list, then */
};

static void change_plan_free(struct change_plan *plan)
{
	free(plan->removed.list);
	free(plan->replaced.list);
	free(plan->after.list);
}

static int change_plan_make(const struct store *store, const struct timeout_list *removed,
			    const struct timeout_list *added, struct change_plan *plan)
{
	static const struct timeout_list nothing;
	int r = 0;

	plan->added = added ? *added : nothing;
	if (removed)
		r = list_select(removed, &store->list, &plan->removed);
	if (!r)
		r = list_select(&plan->added, &store->list, &plan->replaced);
	if (!r)
		r = list_merge(&store->list, &plan->removed, &plan->added, &plan->after);
	return r;
}

static int change_maps(const struct store *store, const struct change_plan *plan)
{
	int r = kernel_insert(store, &plan->added);

	if (!r)
		r = store->kind->erase(&store->maps, &plan->removed);
	return r ? r : presence_write(store, &plan->after);
}

/* Of `added`, what was not there. In small pieces: this may be for want of memory. */
static int erase_new(const struct store *store, const struct timeout_list *added)
{
	struct timeout pieces[64];
	struct timeout_list piece = {.list = pieces};
	int r = 0;

	for (size_t i = 0; !r && i < added->count; i++) {
		if (!timeout_find(&store->list, &added->list[i]))
			pieces[piece.count++] = added->list[i];
		if (piece.count < ARRAY_SIZE(pieces) && i + 1 < added->count)
			continue;
		r = store->kind->erase(&store->maps, &piece);
		piece.count = 0;
	}
	return r;
}

/* What cannot be undone now, the next open of the store mends: it is not whole. */
static void change_undo(const struct store *store, const struct change_plan *plan)
{
	if (kernel_insert(store, &plan->removed) || kernel_insert(store, &plan->replaced) ||
	    erase_new(store, &plan->added) || presence_write(store, &store->list))
		return;
	presence_set_whole(store, true);
}

int change_refused(const struct store *store, int error, struct error *ret_error)
{
	const char *noun = store->kind->noun;

	if (error != -E2BIG && error != -ENOSPC)
		return error_set(ret_error, -error, "cannot change the %s: %s", noun,
				 strerror(-error));
	error_set(ret_error, ENOSPC, "there is no room for more %s", noun);
	error_hint(ret_error, "nothing was changed; take away some that are not needed any more");
	return -ENOSPC;
}

static int change_carry_out(struct store *store, struct change_plan *plan, struct error *ret_error)
{
	int r = presence_set_whole(store, false);

	if (!r)
		r = change_maps(store, plan);
	if (r)
		change_refused(store, r, ret_error);
	else
		r = store_file_save(store, &plan->after, ret_error);
	if (r) {
		change_undo(store, plan);
		return r;
	}
	/* Where this fails, it is done once more. */
	presence_set_whole(store, true);
	free(store->list.list);
	store->list.list = TAKE_PTR(plan->after.list);
	store->list.count = plan->after.count;
	return 0;
}

/* Control-C in the middle of a million is no reason for a half. */
static void signals_block(sigset_t *ret_before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, ret_before);
}

int store_change(struct store *store, const struct timeout_list *removed,
		 const struct timeout_list *added, struct error *ret_error)
{
	_cleanup_(change_plan_free) struct change_plan plan = {0};
	int r = change_plan_make(store, removed, added, &plan);
	sigset_t before;

	if (r)
		return error_set(ret_error, -r, "out of memory");
	signals_block(&before);
	r = change_carry_out(store, &plan, ret_error);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int store_forget(struct store *store, const struct timeout_list *gone, struct error *ret_error)
{
	_cleanup_(change_plan_free) struct change_plan plan = {0};
	int r = change_plan_make(store, gone, NULL, &plan);

	if (!r)
		r = change_maps(store, &plan);
	if (r)
		return change_refused(store, r, ret_error);
	free(store->list.list);
	store->list.list = TAKE_PTR(plan.after.list);
	store->list.count = plan.after.count;
	return 0;
}

/* --- a change of one entry, the list unread --------------------------------------------------- */

/* `before` is what `one` takes the place of, or what goes; NULL: there is nothing. */
static int one_carry_out(struct store *store, struct timeout_list *one, bool gone,
			 const struct timeout_list *before, struct error *ret_error)
{
	int r = presence_set_whole(store, false);

	if (!r)
		r = gone ? store->kind->erase(&store->maps, one) : kernel_insert(store, one);
	if (!r)
		r = presence_count_one(store, one, gone ? -1 : !before);
	if (r)
		change_refused(store, r, ret_error);
	else
		r = store_file_append(store, one->list, gone, ret_error);
	if (r) {
		if (before)
			kernel_insert(store, before);
		else
			store->kind->erase(&store->maps, one);
		return r; /* not whole: the counts are made anew with the list */
	}
	presence_set_whole(store, true);
	return 0;
}

int store_change_one(struct store *store, struct timeout *entry, bool gone, struct error *ret_error)
{
	struct timeout old = *entry;
	struct timeout_list one = {.list = entry, .count = 1}, before = {.list = &old, .count = 1};
	sigset_t mask;
	int r;

	if (store->listed)
		return gone ? store_change(store, &one, NULL, ret_error)
			    : store_change(store, NULL, &one, ret_error);
	signals_block(&mask);
	r = one_carry_out(store, &one, gone, store_find(store, &old) ? &before : NULL, ret_error);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return r;
}

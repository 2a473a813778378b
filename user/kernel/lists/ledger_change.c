/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_change.c - a change goes into maps and file, or into neither. */
#include "kernel/lists/ledger_change.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lists/ledger_file.h"
#include "kernel/lists/ledger_maps.h"
#include "util/array.h"
#include "util/cleanup.h"

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
static int erase_new(const struct ledger *ledger, const struct timed_list *added)
{
	struct timed pieces[64];
	struct timed_list piece = {.list = pieces};
	int error = 0;

	for (size_t i = 0; !error && i < added->count; i++) {
		if (!timed_find(&ledger->list, &added->list[i]))
			pieces[piece.count++] = added->list[i];
		if (piece.count < ARRAY_SIZE(pieces) && i + 1 < added->count)
			continue;
		error = ledger->kind->erase(&ledger->maps, &piece);
		piece.count = 0;
	}
	return error;
}

/* What cannot be undone now is seen to by whoever opens the ledger next: it is not whole. */
static void change_undo(const struct ledger *ledger, const struct change_plan *plan)
{
	if (kernel_insert(ledger, &plan->removed) || kernel_insert(ledger, &plan->replaced) ||
	    erase_new(ledger, &plan->added) || presence_write(ledger, &ledger->list))
		return;
	presence_set_whole(ledger, true);
}

int change_refused(const struct ledger *ledger, int error, struct error *ret_error)
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
	int error = presence_set_whole(ledger, false);

	if (!error)
		error = change_maps(ledger, plan);
	if (error)
		change_refused(ledger, error, ret_error);
	else
		error = ledger_file_save(ledger, &plan->after, ret_error);
	if (error) {
		change_undo(ledger, plan);
		return error;
	}
	/* Where this fails, it is done once more. */
	presence_set_whole(ledger, true);
	free(ledger->list.list);
	ledger->list.list = TAKE_PTR(plan->after.list);
	ledger->list.count = plan->after.count;
	return 0;
}

/* Control-C in the middle of a million is no reason for a half. */
static void signals_block(sigset_t *ret_before)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, ret_before);
}

int ledger_change(struct ledger *ledger, const struct timed_list *removed,
		  const struct timed_list *added, struct error *ret_error)
{
	_cleanup_(change_plan_free) struct change_plan plan = {0};
	int error = change_plan_make(ledger, removed, added, &plan);
	sigset_t before;

	if (error)
		return error_set(ret_error, -error, "out of memory");
	signals_block(&before);
	error = change_carry_out(ledger, &plan, ret_error);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

int ledger_forget(struct ledger *ledger, const struct timed_list *gone, struct error *ret_error)
{
	_cleanup_(change_plan_free) struct change_plan plan = {0};
	int error = change_plan_make(ledger, gone, NULL, &plan);

	if (!error)
		error = change_maps(ledger, &plan);
	if (error)
		return change_refused(ledger, error, ret_error);
	free(ledger->list.list);
	ledger->list.list = TAKE_PTR(plan.after.list);
	ledger->list.count = plan.after.count;
	return 0;
}

/* --- a change of one entry, the list unread -----------------------------------------------------
 */

/* `before` is what `one` takes the place of, or what goes; NULL: there is nothing. */
static int one_carry_out(struct ledger *ledger, struct timed_list *one, bool gone,
			 const struct timed_list *before, struct error *ret_error)
{
	int error = presence_set_whole(ledger, false);

	if (!error)
		error = gone ? ledger->kind->erase(&ledger->maps, one) : kernel_insert(ledger, one);
	if (!error)
		error = presence_count_one(ledger, one, gone ? -1 : !before);
	if (error)
		change_refused(ledger, error, ret_error);
	else
		error = ledger_file_append(ledger, one->list, gone, ret_error);
	if (error) {
		if (before)
			kernel_insert(ledger, before);
		else
			ledger->kind->erase(&ledger->maps, one);
		return error; /* not whole: the counts are made anew with the list */
	}
	presence_set_whole(ledger, true);
	return 0;
}

int ledger_change_one(struct ledger *ledger, struct timed *entry, bool gone,
		      struct error *ret_error)
{
	struct timed old = *entry;
	struct timed_list one = {.list = entry, .count = 1}, before = {.list = &old, .count = 1};
	sigset_t mask;
	int error;

	if (ledger->listed)
		return gone ? ledger_change(ledger, &one, NULL, ret_error)
			    : ledger_change(ledger, NULL, &one, ret_error);
	signals_block(&mask);
	error = one_carry_out(ledger, &one, gone, ledger_find(ledger, &old) ? &before : NULL,
			      ret_error);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return error;
}

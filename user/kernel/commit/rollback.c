/* SPDX-License-Identifier: GPL-2.0 */
/* rollback.c - back to the generation before, or no way back any more. */
#include "kernel/commit/rollback.h"

#include <errno.h>
#include <string.h>

#include "kernel/commit/confirmed.h"
#include "kernel/commit/transaction.h"
#include "kernel/commit/pending.h"
#include "kernel/commit/remove.h"
#include "kernel/commit/trial.h"
#include "kernel/object/lock.h"

static int refuse_nothing_kept(uint32_t generation, struct error *ret_error)
{
	error_set(ret_error, ENODATA, "no generation is kept from before generation %u",
		  generation);
	error_hint(ret_error, "change the node file back and apply it");
	return -ENODATA;
}

/* Which one comes back? 0: none, everything goes. */
static int choose(const struct transaction *transaction, const struct rw_pending *pending,
		  uint32_t *ret, struct error *ret_error)
{
	uint32_t current = transaction->header.generation;

	if (!current)
		return error_set(ret_error, ENOENT, "no policy is in force");
	/* transaction_open() has said so. */
	if (transaction->renewed)
		return -EPROTO;
	if (pending->deadline) {
		*ret = pending->previous;
		return 0;
	}
	if (!transaction->current.about || !transaction->current.about->previous)
		return refuse_nothing_kept(current, ret_error);
	*ret = transaction->current.about->previous;
	return 0;
}

/* So that a confirmation that comes too late learns of it: deadline 0, but a generation. */
static struct rw_pending note_make(const struct rw_pending *pending,
				   const struct rollback_result *result)
{
	uint64_t now = pending_now();

	return (struct rw_pending){
		.generation = result->from,
		.previous = result->to,
		.missed = pending->deadline <= now ? pending->deadline : 0,
		.taken_back = now,
	};
}

/*
 * What is taken back must not come back at the next boot, even if this process dies on the way: so
 * exchange the copy first. What was pending never became the copy, unless confirm() got half way.
 * If the copy cannot be exchanged, the rollback goes on: it is the way out.
 */
static void exchange_copy(const struct transaction *transaction, const struct rw_pending *pending,
			  struct rollback_result *result)
{
	const struct instance *instance = transaction->instance;
	struct error cause = {0};
	int r;

	if (!instance->lib_dir ||
	    (pending->deadline && !confirmed_is(instance, &transaction->current)))
		return;
	r = result->to ? confirmed_write(instance, &transaction->next, &cause)
		       : confirmed_forget(instance, &cause);
	if (!r)
		return;
	error_set(&result->warning, -r,
		  "after a restart generation %u, which was taken back, comes back: %s",
		  result->from, cause.what);
	error_hint(&result->warning,
		   "correct that, then apply what is in force, so that a restart finds it");
}

/* It did not go: a restart is to find what stays. */
static void restore_copy(const struct transaction *transaction, const struct rw_pending *pending)
{
	if (transaction->instance->lib_dir && !pending->deadline && transaction->current.about)
		confirmed_write(transaction->instance, &transaction->current, NULL);
}

static int go_back(struct transaction *transaction, const struct rw_pending *pending,
		   struct rollback_result *result, struct error *ret_error)
{
	const struct instance *instance = transaction->instance;
	struct rw_pending note;
	int r;

	r = generation_open(instance, result->to, &transaction->next, ret_error);
	if (r == -ENOENT)
		return refuse_nothing_kept(result->from, ret_error);
	if (!r)
		r = transaction_prepare(transaction, ret_error);
	if (r)
		return r;
	exchange_copy(transaction, pending, result);
	r = transaction_switch(transaction, ret_error);
	if (r) {
		if (!transaction->stays)
			restore_copy(transaction, pending);
		return r;
	}
	note = note_make(pending, result);
	pending_write(&transaction->maps, &note, NULL);
	/* There is no way forward: to return to what was taken back, apply it again. */
	generation_keep(instance, result->to, 0);
	return 0;
}

/* There was none before it. */
static int go_away(struct transaction *transaction, const struct rw_pending *pending,
		   struct rollback_result *result, struct error *ret_error)
{
	struct rw_pending note;
	int r;

	exchange_copy(transaction, pending, result);
	r = remove_everything(transaction->instance, ret_error);
	if (r)
		return r;
	note = note_make(pending, result);
	trial_note(transaction->instance, &note);
	return 0;
}

int rollback_locked(const struct instance *instance, struct rollback_result *ret,
		    struct error *ret_error)
{
	_transaction_ struct transaction transaction = TRANSACTION_OF(instance);
	struct rollback_result result = {0};
	struct rw_pending pending = {0};
	int r;

	r = pending_ask(instance, &pending, ret_error);
	if (!r)
		r = transaction_open(&transaction, ret_error);
	if (!r)
		r = choose(&transaction, &pending, &result.to, ret_error);
	if (r)
		return r;
	result.from = transaction.header.generation;
	r = result.to ? go_back(&transaction, &pending, &result, ret_error)
		      : go_away(&transaction, &pending, &result, ret_error);
	if (!r)
		*ret = result;
	return r;
}

int rollback_run(const struct instance *instance, struct rollback_result *ret,
		 struct error *ret_error)
{
	_close_ int lock = -1;
	bool waited;
	int r = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);

	return r ? r : rollback_locked(instance, ret, ret_error);
}

static bool pending_is_same(const struct rw_pending *a, const struct rw_pending *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int rollback_expired(const struct instance *instance, const struct rw_pending *only,
		     struct rollback_result *ret, struct error *ret_error)
{
	struct rw_pending pending = {0};
	_close_ int lock = -1;
	bool waited;
	int r;

	*ret = (struct rollback_result){0};
	r = pending_ask(instance, &pending, ret_error);
	if (r == -ENOENT || (!r && !pending.deadline))
		return 0;
	if (!r)
		r = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (!r)
		r = pending_ask(instance, &pending, ret_error);
	if (r || !pending.deadline || pending_left(&pending) ||
	    (only && !pending_is_same(only, &pending)))
		return r == -ENOENT ? 0 : r;
	return rollback_locked(instance, ret, ret_error);
}

/* Nothing is pending: was it taken back, or was there never anything? */
static int explain_nothing(const struct maps *maps, struct error *ret_error)
{
	struct rw_pending pending;
	int r = pending_read_raw(maps, &pending, ret_error);

	if (r)
		return r;
	if (pending.deadline || !pending.generation) {
		error_set(ret_error, ENODATA, "nothing awaits confirmation");
		error_hint(ret_error, "'rolewall status' shows what is in force");
		return -ENODATA;
	}
	error_set(ret_error, ETIME, "too late: generation %u was rolled back to generation %u",
		  pending.generation, pending.previous);
	error_hint(ret_error, "apply it again with more time: 'rolewall apply --confirm=SECONDS'");
	return -ETIME;
}

static int confirm_current(const struct instance *instance, const struct maps *maps,
			   struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	const struct rw_pending nothing = {0};
	int r = generation_current_bare(instance, maps, &generation, ret_error);

	/* The copy first: what the next boot would not find is not confirmed. */
	if (!r && instance->lib_dir)
		r = confirmed_write(instance, &generation, ret_error);
	return r ? r : pending_write(maps, &nothing, ret_error);
}

int confirm_run(const struct instance *instance, struct confirm_result *ret,
		struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_pending pending = {0};
	_close_ int lock = -1;
	bool waited;
	int r;

	r = maps_open(instance, &maps, ret_error);
	if (!r)
		r = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (!r)
		r = pending_read(&maps, &pending, ret_error);
	if (r)
		return r;
	if (!pending.deadline)
		return explain_nothing(&maps, ret_error);
	if (!pending_left(&pending)) {
		r = rollback_locked(instance, &ret->late, ret_error);
		if (r)
			return r;
		error_set(ret_error, ETIME, "too late: generation %u is rolled back",
			  pending.generation);
		return -ETIME;
	}
	r = confirm_current(instance, &maps, ret_error);
	if (!r)
		ret->generation = pending.generation;
	return r;
}

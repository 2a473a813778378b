/* SPDX-License-Identifier: GPL-2.0 */
/* rollback.c - back to the generation before, or no way back any more. */
#include "kernel/commit/rollback.h"

#include <errno.h>
#include <string.h>

#include "kernel/commit/confirmed.h"
#include "kernel/commit/installation.h"
#include "kernel/commit/pending.h"
#include "kernel/commit/remove.h"
#include "kernel/object/lock.h"

static int refuse_nothing_kept(uint32_t generation, struct error *ret_error)
{
	error_set(ret_error, ENODATA, "no generation is kept from before generation %u",
		  generation);
	error_hint(ret_error, "change the node file back and apply it");
	return -ENODATA;
}

/* Which one comes back? 0: none, everything goes. */
static int choose(const struct installation *installation, const struct rw_pending *pending,
		  uint32_t *ret, struct error *ret_error)
{
	uint32_t current = installation->header.generation;

	if (!current)
		return error_set(ret_error, ENOENT, "no policy is in force");
	/* installation_open() has said so. */
	if (installation->renewed)
		return -EPROTO;
	if (pending->deadline) {
		*ret = pending->previous;
		return 0;
	}
	if (!installation->current.about || !installation->current.about->previous)
		return refuse_nothing_kept(current, ret_error);
	*ret = installation->current.about->previous;
	return 0;
}

/* So that a confirmation that comes too late learns of it: deadline 0, but a generation. */
static void note_taken_back(const struct maps *maps, const struct rw_pending *pending,
			    uint32_t from, uint32_t to)
{
	uint64_t now = pending_now();
	struct rw_pending note = {
		.generation = from,
		.previous = to,
		.missed = pending->deadline <= now ? pending->deadline : 0,
		.taken_back = now,
	};

	pending_write(maps, &note, NULL);
}

/*
 * What is taken back must not come back at the next boot, whoever dies on the way: the copy is
 * exchanged first. What was pending never became the copy, unless confirm() got half way. Where it
 * cannot be exchanged the rollback goes on: it is the way out.
 */
static void exchange_copy(const struct installation *installation, const struct rw_pending *pending,
			  struct rollback_result *result)
{
	const struct instance *instance = installation->instance;
	struct error cause = {0};
	int error;

	if (!instance->lib_dir ||
	    (pending->deadline && !confirmed_is(instance, &installation->current)))
		return;
	error = result->to ? confirmed_write(instance, &installation->next, &cause)
			   : confirmed_forget(instance, &cause);
	if (!error)
		return;
	error_set(&result->warning, -error,
		  "after a restart generation %u, which was taken back, comes back: %s",
		  result->from, cause.what);
	error_hint(&result->warning,
		   "mend that, and apply what is in force, so that it is what a restart finds");
}

/* It did not go: a restart is to find what stays. */
static void restore_copy(const struct installation *installation, const struct rw_pending *pending)
{
	if (installation->instance->lib_dir && !pending->deadline && installation->current.about)
		confirmed_write(installation->instance, &installation->current, NULL);
}

static int go_back(struct installation *installation, const struct rw_pending *pending,
		   struct rollback_result *result, struct error *ret_error)
{
	const struct instance *instance = installation->instance;
	int error;

	error = generation_open(instance, result->to, &installation->next, ret_error);
	if (error == -ENOENT)
		return refuse_nothing_kept(result->from, ret_error);
	if (!error)
		error = installation_prepare(installation, ret_error);
	if (error)
		return error;
	exchange_copy(installation, pending, result);
	error = installation_switch(installation, ret_error);
	if (error) {
		if (!installation->stays)
			restore_copy(installation, pending);
		return error;
	}
	note_taken_back(&installation->maps, pending, result->from, result->to);
	/* There is no way forth: what was taken back would have to be applied again. */
	generation_keep(instance, result->to, 0);
	return 0;
}

/* There was none before it. */
static int go_away(struct installation *installation, const struct rw_pending *pending,
		   struct rollback_result *result, struct error *ret_error)
{
	exchange_copy(installation, pending, result);
	return remove_everything(installation->instance, ret_error);
}

int rollback_locked(const struct instance *instance, struct rollback_result *ret,
		    struct error *ret_error)
{
	_installation_ struct installation installation = INSTALLATION_OF(instance);
	struct rollback_result result = {0};
	struct rw_pending pending = {0};
	int error;

	error = pending_ask(instance, &pending, ret_error);
	if (!error)
		error = installation_open(&installation, ret_error);
	if (!error)
		error = choose(&installation, &pending, &result.to, ret_error);
	if (error)
		return error;
	result.from = installation.header.generation;
	error = result.to ? go_back(&installation, &pending, &result, ret_error)
			  : go_away(&installation, &pending, &result, ret_error);
	if (!error)
		*ret = result;
	return error;
}

int rollback_run(const struct instance *instance, struct rollback_result *ret,
		 struct error *ret_error)
{
	_close_ int lock = -1;
	bool waited;
	int error = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);

	return error ? error : rollback_locked(instance, ret, ret_error);
}

static bool is_same(const struct rw_pending *a, const struct rw_pending *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int rollback_expired(const struct instance *instance, const struct rw_pending *only,
		     struct rollback_result *ret, struct error *ret_error)
{
	struct rw_pending pending = {0};
	_close_ int lock = -1;
	bool waited;
	int error;

	*ret = (struct rollback_result){0};
	error = pending_ask(instance, &pending, ret_error);
	if (error == -ENOENT || (!error && !pending.deadline))
		return 0;
	if (!error)
		error = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (!error)
		error = pending_ask(instance, &pending, ret_error);
	if (error || !pending.deadline || pending_left(&pending) ||
	    (only && !is_same(only, &pending)))
		return error == -ENOENT ? 0 : error;
	return rollback_locked(instance, ret, ret_error);
}

/* Nothing is pending: was it taken back, or was there never anything? */
static int explain_nothing(const struct maps *maps, struct error *ret_error)
{
	struct rw_pending pending;
	int error = pending_read_raw(maps, &pending, ret_error);

	if (error)
		return error;
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
	int error = generation_current(instance, maps, &generation, ret_error);

	/* The copy first: what the next boot would not find is not confirmed. */
	if (!error && instance->lib_dir)
		error = confirmed_write(instance, &generation, ret_error);
	return error ? error : pending_write(maps, &nothing, ret_error);
}

int confirm_run(const struct instance *instance, struct confirm_result *ret,
		struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_pending pending = {0};
	_close_ int lock = -1;
	bool waited;
	int error;

	error = maps_open(instance, &maps, ret_error);
	if (!error)
		error = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (!error)
		error = pending_read(&maps, &pending, ret_error);
	if (error)
		return error;
	if (!pending.deadline)
		return explain_nothing(&maps, ret_error);
	if (!pending_left(&pending)) {
		error = rollback_locked(instance, &ret->late, ret_error);
		if (error)
			return error;
		error_set(ret_error, ETIME, "too late: generation %u is rolled back",
			  pending.generation);
		return -ETIME;
	}
	error = confirm_current(instance, &maps, ret_error);
	if (!error)
		ret->generation = pending.generation;
	return error;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* install.c - the order in which a policy comes into force. Invariants I1 to I5: install.h. */
#include "kernel/commit/install.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/attach/hidden.h"
#include "kernel/commit/confirmed.h"
#include "kernel/commit/rollback_timer.h"
#include "kernel/commit/transaction.h"
#include "kernel/commit/trial.h"
#include "kernel/commit/pending.h"
#include "kernel/commit/remove.h"
#include "kernel/commit/rollback.h"
#include "kernel/object/lock.h"

/* Roll back what is pending and expired first. What is still pending, an operator must decide. */
static int settle_pending(const struct instance *instance, struct install_result *result,
			  struct error *ret_error)
{
	struct rollback_result rolled = {0};
	struct rw_pending pending = {0};
	int r = pending_ask(instance, &pending, ret_error);

	/* Lost pins, or another version's: what was pending is lost with them. */
	if (r == -ENOENT || r == -ESTALE || r == -EPROTO)
		return 0;
	if (r || !pending.deadline)
		return r;
	if (pending_left(&pending)) {
		error_set(ret_error, EBUSY,
			  "generation %u awaits its confirmation for another %u s",
			  pending.generation, pending_left(&pending));
		error_hint(ret_error, "'rolewall confirm' keeps it, 'rolewall rollback' takes it "
				      "back; then apply again");
		return -EBUSY;
	}
	r = rollback_locked(instance, &rolled, ret_error);
	/* The way back is lost, or another version's: only a new policy leads out. */
	if (r == -ENODATA || r == -EPROTO)
		return 0;
	if (!r)
		result->rolled_back = rolled.from;
	return r;
}

/* A side that neither the policy in force uses, nor the one that `previous` would bring back. */
static uint8_t side_choose(const struct transaction *transaction, uint32_t previous)
{
	_generation_ struct generation back = GENERATION_NONE;
	uint8_t taken = transaction->header.side, also = taken, side = 0;

	if (previous && previous != transaction->current.number &&
	    !generation_open_bare(transaction->instance, previous, &back, NULL))
		also = back.header.side;
	while (side == taken || side == also)
		side++;
	return side;
}

static int build_next(struct transaction *transaction, const struct install_request *request,
		      struct error *ret_error)
{
	uint32_t highest = generation_highest(transaction->instance);
	uint32_t number = transaction->header.generation;
	uint32_t previous = request->amends ? transaction->current.about->previous
					    : transaction->current.number;
	struct lifelines lifelines = {0};
	struct generation_request generation = {
		.tables = request->tables,
		.current = &transaction->current,
		.node_file = request->node_file,
		.maps = &transaction->maps,
		.lifelines = &lifelines,
		.number = (number > highest ? number : highest) + 1,
		.previous = previous,
		.flags = request->tables->flags,
		.side = side_choose(transaction, previous),
	};
	int r;

	if (request->observe)
		generation.flags &= ~(RW_POLICY_ENFORCE | RW_POLICY_BIND_DENY);
	r = lifelines_read(&lifelines, ret_error);
	return r ? r
		 : generation_build(transaction->instance, &generation, &transaction->next,
				    ret_error);
}

/* I5. A policy whose pins are lost could not come back. */
static int guard(struct transaction *transaction, uint32_t seconds, struct error *ret_error)
{
	struct rw_pending pending = {
		.deadline = pending_now() + seconds * 1000000000ULL,
		.generation = transaction->next.number,
		.previous = transaction->current.number,
	};
	int r;

	if (transaction->header.generation != transaction->current.number) {
		error_set(ret_error, ESTALE,
			  "the pins of generation %u are lost: it could not "
			  "come back",
			  transaction->header.generation);
		error_hint(ret_error, "apply without --confirm first, or remove everything with "
				      "'rolewall down'");
		return -ESTALE;
	}
	r = pending_write(&transaction->maps, &pending, ret_error);
	return r ? r : rollback_timer_start(transaction->instance, &pending, ret_error);
}

/* A policy that awaits confirmation becomes the copy for the next boot once it is confirmed. */
static bool is_copied(const struct transaction *transaction, const struct install_request *request)
{
	return transaction->instance->lib_dir && !request->confirm_seconds && !request->keep_copy;
}

/* Before the commit: what is needed if it stays, or to take it back. */
static int secure(struct transaction *transaction, const struct install_request *request,
		  struct error *ret_error)
{
	const struct rw_pending nothing = {0};
	int r = 0;

	if (request->confirm_seconds)
		return guard(transaction, request->confirm_seconds, ret_error);
	/* What was taken back is still told after names have changed. */
	if (!request->amends)
		r = pending_write(&transaction->maps, &nothing, ret_error);
	if (!r && is_copied(transaction, request))
		r = confirmed_stage(transaction->instance, &transaction->next, ret_error);
	return r;
}

/* After it: the copy for the next boot. */
static int copy_publish(struct transaction *transaction, const struct install_request *request,
			struct install_result *result, struct error *ret_error)
{
	int r;

	if (!is_copied(transaction, request))
		return 0;
	r = confirmed_publish(transaction->instance, ret_error);
	if (r)
		transaction_back_out(transaction, ret_error);
	else
		confirmed_sync(transaction->instance, &result->warning);
	return r;
}

/*
 * Nothing of a failed apply stays, least of all of a first one. What cannot be removed here is not
 * used, and the next apply removes it (I4). But what is in force keeps its pins, and its deadline.
 */
static void abandon(struct transaction *transaction, const struct install_request *request)
{
	const struct rw_pending nothing = {0};

	if (transaction->instance->lib_dir)
		confirmed_discard(transaction->instance);
	if (transaction->stays)
		return;
	if (transaction->maps.fd[MAP_PENDING] >= 0 && !request->amends)
		pending_write(&transaction->maps, &nothing, NULL);
	if (transaction->next.number)
		generation_remove(transaction->instance, transaction->next.number);
	if (transaction->fresh)
		remove_everything(transaction->instance, NULL);
}

static int not_in_force(uint32_t generation, struct error *ret_error)
{
	return error_set(ret_error, ESTALE, "generation %u is not in force any more", generation);
}

/* Before anything is made, or taken for lost: what another version put in force is let alone. */
static int amended_check(const struct instance *instance, uint32_t generation,
			 struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_policy_header header = {0};
	int r = maps_open(instance, &maps, ret_error);

	if (r)
		return r;
	if (is_others_build(&maps))
		return error_set(ret_error, EPROTO, "another version put the policy in force");
	if (generation_header(&maps, &header) || header.generation != generation)
		return not_in_force(generation, ret_error);
	return 0;
}

static int install(struct transaction *transaction, const struct install_request *request,
		   struct install_result *result, struct error *ret_error)
{
	int r = transaction_open(transaction, ret_error);

	if (!r && request->amends && transaction->current.number != request->amends)
		r = not_in_force(request->amends, ret_error);
	/* A second set of programs beside the first would refuse what either does. */
	if (!r && transaction->fresh)
		r = hidden_check(transaction->instance, ret_error);
	if (!r)
		r = build_next(transaction, request, ret_error);
	if (!r)
		r = transaction_prepare(transaction, ret_error);
	if (!r)
		r = secure(transaction, request, ret_error);
	if (r)
		return r;
	r = transaction_switch(transaction, ret_error);
	if (!r)
		r = copy_publish(transaction, request, result, ret_error);
	result->backed_out = r && !transaction->stays;
	result->nothing_before = !transaction->header.generation;
	return r;
}

int install_policy(const struct instance *instance, const struct install_request *request,
		   struct install_result *ret, struct error *ret_error)
{
	_transaction_ struct transaction transaction = TRANSACTION_OF(instance);
	_close_ int lock = -1;
	int r;

	r = lock_take(instance, LOCK_POLICY, &lock, &ret->waited, ret_error);
	if (!r)
		r = settle_pending(instance, ret, ret_error);
	if (!r && request->amends)
		r = amended_check(instance, request->amends, ret_error);
	if (r)
		return r;
	r = install(&transaction, request, ret, ret_error);
	if (r) {
		abandon(&transaction, request);
		return r;
	}
	ret->generation = transaction.next.number;
	ret->old_generation = transaction.current.number;
	ret->exchanged = transaction.foreign;
	ret->renewed = transaction.renewed;
	trial_forget(instance);
	/* A pin too many is no reason to fail: the next apply removes it (I4). */
	generation_keep(instance, ret->generation, transaction.next.about->previous);
	return 0;
}

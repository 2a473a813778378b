/* SPDX-License-Identifier: GPL-2.0 */
/* install.c - the order in which a policy comes into force. Invariants I1 to I5: install.h. */
#include "kernel/commit/install.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/attach/hidden.h"
#include "kernel/commit/confirmed.h"
#include "kernel/commit/guardian.h"
#include "kernel/commit/installation.h"
#include "kernel/commit/pending.h"
#include "kernel/commit/remove.h"
#include "kernel/commit/rollback.h"
#include "kernel/object/lock.h"

/* What is pending and over goes first; what is pending otherwise has to be decided by somebody. */
static int settle_pending(const struct instance *instance, struct install_result *result,
			  struct error *ret_error)
{
	struct rollback_result rolled = {0};
	struct rw_pending pending = {0};
	int error = pending_ask(instance, &pending, ret_error);

	/* Lost pins, or another version's: what was pending is lost with them. */
	if (error == -ENOENT || error == -ESTALE || error == -EPROTO)
		return 0;
	if (error || !pending.deadline)
		return error;
	if (pending_left(&pending)) {
		error_set(ret_error, EBUSY,
			  "generation %u awaits its confirmation for another %u s",
			  pending.generation, pending_left(&pending));
		error_hint(ret_error, "'rolewall confirm' keeps it, 'rolewall rollback' takes it "
				      "back; then apply again");
		return -EBUSY;
	}
	error = rollback_locked(instance, &rolled, ret_error);
	/* The way back is lost, or another version's: only a new policy leads out. */
	if (error == -ENODATA || error == -EPROTO)
		return 0;
	if (!error)
		result->rolled_back = rolled.from;
	return error;
}

static int build_next(struct installation *installation, const struct install_request *request,
		      struct error *ret_error)
{
	uint32_t highest = generation_highest(installation->instance);
	uint32_t number = installation->header.generation;
	struct lifelines lifelines = {0};
	struct generation_request generation = {
		.tables = request->tables,
		.current = &installation->current,
		.node_file = request->node_file,
		.maps = &installation->maps,
		.lifelines = &lifelines,
		.number = (number > highest ? number : highest) + 1,
		.flags = request->tables->flags,
		.side = !installation->header.side,
	};
	int error;

	if (request->observe)
		generation.flags &= ~(RW_POLICY_ENFORCE | RW_POLICY_BIND_DENY);
	error = lifelines_read(&lifelines, ret_error);
	return error ? error
		     : generation_build(installation->instance, &generation, &installation->next,
					ret_error);
}

/* I5. A policy whose pins are lost could not come back. */
static int guard(struct installation *installation, uint32_t seconds, struct error *ret_error)
{
	struct rw_pending pending = {
		.deadline = pending_now() + seconds * 1000000000ULL,
		.generation = installation->next.number,
		.previous = installation->current.number,
	};
	int error;

	if (installation->header.generation != installation->current.number) {
		error_set(ret_error, ESTALE,
			  "the pins of generation %u are lost: it could not "
			  "come back",
			  installation->header.generation);
		error_hint(ret_error, "apply without --confirm first, or remove everything with "
				      "'rolewall down'");
		return -ESTALE;
	}
	error = pending_write(&installation->maps, &pending, ret_error);
	return error ? error : guardian_start(installation->instance, &pending, ret_error);
}

/* What has to be confirmed becomes the copy for the next boot when it is. */
static bool is_copied(const struct installation *installation,
		      const struct install_request *request)
{
	return installation->instance->lib_dir && !request->confirm_seconds && !request->keep_copy;
}

/* Before the commit: what is needed if it stays, or to take it back. */
static int secure(struct installation *installation, const struct install_request *request,
		  struct error *ret_error)
{
	const struct rw_pending nothing = {0};
	int error;

	if (request->confirm_seconds)
		return guard(installation, request->confirm_seconds, ret_error);
	error = pending_write(&installation->maps, &nothing, ret_error);
	if (!error && is_copied(installation, request))
		error = confirmed_stage(installation->instance, &installation->next, ret_error);
	return error;
}

/* After it: the copy for the next boot. */
static int settle(struct installation *installation, const struct install_request *request,
		  struct install_result *result, struct error *ret_error)
{
	int error;

	if (!is_copied(installation, request))
		return 0;
	error = confirmed_publish(installation->instance, ret_error);
	if (error)
		installation_back_out(installation, ret_error);
	else
		confirmed_sync(installation->instance, &result->warning);
	return error;
}

/*
 * Nothing of a failed apply stays, least of all of a first one; what cannot be removed here nobody
 * uses, and the next apply removes it (I4). But what is in force keeps its pins, and its deadline.
 */
static void abandon(struct installation *installation)
{
	const struct rw_pending nothing = {0};

	if (installation->instance->lib_dir)
		confirmed_discard(installation->instance);
	if (installation->stays)
		return;
	if (installation->maps.fd[MAP_PENDING] >= 0)
		pending_write(&installation->maps, &nothing, NULL);
	if (installation->next.number)
		generation_remove(installation->instance, installation->next.number);
	if (installation->fresh)
		remove_everything(installation->instance, NULL);
}

static int install(struct installation *installation, const struct install_request *request,
		   struct install_result *result, struct error *ret_error)
{
	int error = installation_open(installation, ret_error);

	/* A second set of programs beside the first would refuse what either does. */
	if (!error && installation->fresh)
		error = hidden_check(installation->instance, ret_error);
	if (!error)
		error = build_next(installation, request, ret_error);
	if (!error)
		error = installation_prepare(installation, ret_error);
	if (!error)
		error = secure(installation, request, ret_error);
	if (error)
		return error;
	error = installation_switch(installation, ret_error);
	if (!error)
		error = settle(installation, request, result, ret_error);
	result->backed_out = error && !installation->stays;
	result->nothing_before = !installation->header.generation;
	return error;
}

int install_policy(const struct instance *instance, const struct install_request *request,
		   struct install_result *ret, struct error *ret_error)
{
	_installation_ struct installation installation = INSTALLATION_OF(instance);
	_close_ int lock = -1;
	int error;

	error = lock_take(instance, LOCK_POLICY, &lock, &ret->waited, ret_error);
	if (!error)
		error = settle_pending(instance, ret, ret_error);
	if (error)
		return error;
	error = install(&installation, request, ret, ret_error);
	if (error) {
		abandon(&installation);
		return error;
	}
	ret->generation = installation.next.number;
	ret->old_generation = installation.current.number;
	ret->exchanged = installation.foreign;
	ret->renewed = installation.renewed;
	/* A pin too many is no reason to fail: the next apply removes it (I4). */
	generation_keep(instance, ret->generation, ret->old_generation);
	return 0;
}

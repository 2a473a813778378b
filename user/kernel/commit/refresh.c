/* SPDX-License-Identifier: GPL-2.0 */
/* refresh.c - commit what is in force once more, to the interfaces that there are now. */
#include "kernel/commit/refresh.h"

#include <errno.h>

#include "kernel/commit/transaction.h"
#include "kernel/object/lock.h"

/* The policy was applied after this process began: keep the programs of that apply. */
static int leave_alone(struct error *ret_error)
{
	error_set(ret_error, EPROTO,
		  "another version of Rolewall has put its programs in place, and they stay");
	error_hint(ret_error, "restart the daemon: 'systemctl restart rolewall'");
	return -EPROTO;
}

static int open_current_as_next(struct transaction *transaction, struct error *ret_error)
{
	int r = transaction_open(transaction, ret_error);

	if (r)
		return r;
	if (transaction->renewed)
		return leave_alone(ret_error);
	if (!transaction->header.generation)
		return error_set(ret_error, ENOENT, "no policy is in force");
	if (!transaction->current.number) {
		error_set(ret_error, ESTALE,
			  "the pins of generation %u are lost: interfaces cannot be attached to it",
			  transaction->header.generation);
		error_hint(ret_error, "'rolewall apply' puts a new generation in force");
		return -ESTALE;
	}
	return generation_open(transaction->instance, transaction->current.number,
			       &transaction->next, ret_error);
}

int install_refresh(const struct instance *instance, bool exchange, struct error *ret_error)
{
	_transaction_ struct transaction transaction = TRANSACTION_OF(instance);
	_maps_ struct maps maps = MAPS_NONE;
	_close_ int lock = -1;
	bool waited;
	int r;

	/* Before the lock: where nothing is applied, nothing is made. */
	r = maps_open(instance, &maps, ret_error);
	maps_close(&maps);
	if (!r)
		r = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (!r)
		r = maps_open(instance, &maps, ret_error);
	if (!r && !exchange && is_others_build(&maps))
		r = leave_alone(ret_error);
	if (!r)
		r = open_current_as_next(&transaction, ret_error);
	if (!r)
		r = transaction_prepare(&transaction, ret_error);
	return r ? r : transaction_switch(&transaction, ret_error);
}

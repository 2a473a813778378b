/* SPDX-License-Identifier: GPL-2.0 */
/* refresh.c - commit what is in force once more, to the interfaces that there are now. */
#include "kernel/commit/refresh.h"

#include <errno.h>

#include "kernel/commit/installation.h"
#include "kernel/object/lock.h"

/* Whoever applied it came later than this process: his programs are the ones to keep. */
static int leave_alone(struct error *ret_error)
{
	error_set(ret_error, EPROTO,
		  "another version of Rolewall has put its programs in place, and they stay");
	error_hint(ret_error, "restart the daemon: 'systemctl restart rolewall'");
	return -EPROTO;
}

static int open_current_as_next(struct installation *installation, struct error *ret_error)
{
	int error = installation_open(installation, ret_error);

	if (error)
		return error;
	if (installation->renewed)
		return leave_alone(ret_error);
	if (!installation->header.generation)
		return error_set(ret_error, ENOENT, "no policy is in force");
	if (!installation->current.number) {
		error_set(ret_error, ESTALE,
			  "the pins of generation %u are lost: interfaces cannot be attached to it",
			  installation->header.generation);
		error_hint(ret_error, "'rolewall apply' puts a new generation in force");
		return -ESTALE;
	}
	return generation_open(installation->instance, installation->current.number,
			       &installation->next, ret_error);
}

int install_refresh(const struct instance *instance, bool exchange, struct error *ret_error)
{
	_installation_ struct installation installation = INSTALLATION_OF(instance);
	_maps_ struct maps maps = MAPS_NONE;
	_close_ int lock = -1;
	bool waited;
	int error;

	/* Before the lock: where nothing is applied, nothing is made. */
	error = maps_open(instance, &maps, ret_error);
	maps_close(&maps);
	if (!error)
		error = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (!error)
		error = maps_open(instance, &maps, ret_error);
	if (!error && !exchange && is_others_build(&maps))
		error = leave_alone(ret_error);
	if (!error)
		error = open_current_as_next(&installation, ret_error);
	if (!error)
		error = installation_prepare(&installation, ret_error);
	return error ? error : installation_switch(&installation, ret_error);
}

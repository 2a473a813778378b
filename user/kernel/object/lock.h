/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lock.h - one change at a time. flock(2): a dead process cannot hold it.
 */
#pragma once

#include <stdbool.h>

#include "kernel/object/instance.h"
#include "util/error.h"

/*
 * Who needs both takes that of the lists first. They are two, so that a deadline does not have to
 * wait until a million bans are written.
 */
#define LOCK_LISTS  "lists.lock" /* bans and openings */
#define LOCK_POLICY "lock"	 /* what is in force, and attached */

/*
 * Take `name` in the state directory, which is made if need be (0755). `ret_fd` is to be closed.
 * `ret_waited`: another process held it first, and `on_wait` of
 * the instance was told; NULL: do not wait, -EBUSY. -EAGAIN: it is held, and the instance never
 * waits.
 */
int lock_take(const struct instance *instance, const char *name, int *ret_fd, bool *ret_waited,
	      struct error *ret_error);

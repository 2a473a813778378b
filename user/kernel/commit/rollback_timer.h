/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rollback_timer.h - the process that takes an unconfirmed policy back. It outlives the terminal,
 * the shell, the connection and the daemon, holds nothing, and ends as soon as there is nothing to
 * do.
 */
#pragma once

#include <rolewall/abi.h>

#include "kernel/commit/rollback.h"
#include "kernel/object/instance.h"
#include "util/error.h"

/* Returns 0 when it runs by itself and has read `pending`, which was written before. */
int rollback_timer_start(const struct instance *instance, const struct rw_pending *pending,
			 struct error *ret_error);

/* Tell everybody who is logged in, and the journal, what was rolled back. */
void rollback_timer_announce(const struct rollback_result *rolled);

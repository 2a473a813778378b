/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pending.h - the policy in force awaits its confirmation: the map `pending` (struct rw_pending).
 *
 * It is written before the commit and says which generation it is about, so that there is no moment
 * at which an unconfirmed policy is in force without it; before the commit it is void.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "util/error.h"

/* What is pending; zeros if nothing is, or if what was is not in force. */
int pending_read(const struct maps *maps, struct rw_pending *ret, struct error *ret_error);

/* The same, for those who have nothing open. -ENOENT: nothing is applied. */
int pending_ask(const struct instance *instance, struct rw_pending *ret, struct error *ret_error);

/* As it stands in the map, void or not: with deadline 0, `generation` was taken back. */
int pending_read_raw(const struct maps *maps, struct rw_pending *ret, struct error *ret_error);

int pending_write(const struct maps *maps, const struct rw_pending *pending,
		  struct error *ret_error);

/* Seconds until the deadline, rounded up; 0: it is past. */
uint32_t pending_left(const struct rw_pending *pending);

/* Past the deadline for longer than a rollback takes: no process is left that would do it. */
bool pending_is_overdue(const struct rw_pending *pending);

/* CLOCK_BOOTTIME, ns: a deadline comes although the machine was suspended meanwhile. */
uint64_t pending_now(void);

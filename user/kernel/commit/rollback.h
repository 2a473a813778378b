/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rollback.h - keep a policy for good, or return to the one before it.
 *
 * The way back is an apply like any other, of a generation that is pinned already. It is
 * idempotent: the first to come (the rollback timer, the daemon, a person) does it, the others find
 * it done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/object/instance.h"
#include "util/error.h"

struct rollback_result {
	uint32_t from; /* was in force; 0: nothing was done */
	uint32_t to;   /* is now; 0: nothing is, everything was taken away */
	struct error
		warning; /* the copy for the next boot is still that of `from`: why; or empty */
};

/*
 * -ENOENT: nothing is applied; -ENODATA: no generation is kept from before. If the generation in
 * force awaits its confirmation and there was none before it, everything is taken away.
 */
int rollback_run(const struct instance *instance, struct rollback_result *ret,
		 struct error *ret_error);

/* The same for those who hold the lock. */
int rollback_locked(const struct instance *instance, struct rollback_result *ret,
		    struct error *ret_error);

/*
 * If what awaits confirmation is over time, roll it back; `ret->from` is 0 if it is not. `only`:
 * that very one and nothing else (NULL: any). 0 if nothing is applied.
 */
int rollback_expired(const struct instance *instance, const struct rw_pending *only,
		     struct rollback_result *ret, struct error *ret_error);

struct confirm_result {
	uint32_t generation; /* in force, for good */
	struct rollback_result
		late; /* on -ETIME: what was taken back; `from` is 0 if it is long gone */
};

/*
 * -ENOENT: nothing is applied; -ENODATA: nothing awaits confirmation; -ETIME: too late, it is
 * rolled back (by us or before us).
 */
int confirm_run(const struct instance *instance, struct confirm_result *ret,
		struct error *ret_error);

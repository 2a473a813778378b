/* SPDX-License-Identifier: GPL-2.0 */
/*
 * install.h - put a policy in force.
 *
 * Invariants (cited in the code as I1 .. I5):
 * I1  The one commit is the replacement of element 0 of `policy`. Before it, every error leaves the
 *     old policy in force, untouched; what was prepared is removed again.
 * I2  What hangs off a generation is complete, pinned and frozen before it is committed.
 * I3  Nothing is detached or unpinned before what takes its place is attached and pinned.
 * I4  Whatever a dead process left behind is recognised and removed, or used, by the next one.
 * I5  A policy that awaits confirmation is never in force without its note in `pending` and the
 *     process that takes it back: both come before the commit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/object/instance.h"
#include "policy/tables.h"
#include "util/error.h"

struct install_request {
	const struct tables *tables;
	const char *node_file;	  /* for `status`; copied */
	bool observe;		  /* mode observe whatever the tables say */
	uint32_t confirm_seconds; /* goes back unless confirmed in time; 0 = is confirmed at once */
	bool keep_copy;		  /* the copy for the next boot stays as it is */
	/*
	 * Only in place of this generation, from which it differs in the addresses of names alone;
	 * a rollback goes to where that one would have gone. 0: in place of whatever is in force.
	 */
	uint32_t amends;
};

struct install_result {
	uint32_t generation;	 /* now in force */
	uint32_t old_generation; /* 0: there was none */
	uint32_t rolled_back; /* was not confirmed in time, and went before anything else; or 0 */
	bool exchanged;	      /* programs of another version gave way to this one's */
	bool renewed;	      /* so did its maps or records: counters began anew, no way back */
	bool waited;	      /* another apply held the lock first */
	bool backed_out;      /* on failure: it was in force for a moment, the old one is back */
	bool nothing_before;  /* which was none */
	struct error warning; /* what did not succeed, though the policy is in force; or empty */
};

/*
 * Load what is not loaded, commit the tables, attach to every interface there is.
 * Errors: -EPERM not root; -EBUSY another policy awaits its confirmation; -ESTALE what was to be
 * amended is not in force any more; -EPROTO another version put it in force; others as the kernel
 * says, with the step in `ret_error`. An interface that cannot take XDP is no error (the cgroup
 * hook judges it; see `snapshot`). `ret` is filled on failure as well.
 */
int install_policy(const struct instance *instance, const struct install_request *request,
		   struct install_result *ret, struct error *ret_error);

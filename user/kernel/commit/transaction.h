/* SPDX-License-Identifier: GPL-2.0 */
/*
 * transaction.h - the steps that apply and rollback share, in the order in which they are taken:
 * open, (make or open `next`), prepare, switch. The caller holds the lock. Invariants: install.h.
 */
#pragma once

#include <stdbool.h>

#include "kernel/attach/interfaces.h"
#include "kernel/generation/generation.h"
#include "kernel/object/load.h"
#include "kernel/object/maps.h"
#include "kernel/object/probe.h"
#include "util/cleanup.h"

/* Everything that one change holds while it runs. Owning. */
struct transaction {
	const struct instance *instance;
	struct features features;
	struct rolewall_bpf *cgroup_object; /* NULL: what is attached stays */
	struct maps maps;
	struct rw_policy_header header; /* of the policy in force; generation 0: there is none */
	int old_policy_fd;		/* the policy in force, pinned or not; -1: there is none */
	struct generation current;	/* number 0: there is none, or its pins are lost */
	struct generation next;
	struct plans plans;
	bool replace; /* the attached programs are of another build, or use maps that are not pinned
		       */
	bool foreign; /* those programs were another version's */
	bool renewed; /* maps or records were of another version's layout: they give way */
	bool fresh;   /* there was nothing of ours before: a failure has nothing to preserve */
	bool linked;  /* programs of ours may have been attached before */
	bool stays;   /* `next` was committed, and could not be taken back */
};

#define TRANSACTION_OF(where)                                                                      \
	{                                                                                          \
		.instance = (where), .maps = MAPS_NONE, .old_policy_fd = -1,                       \
		.current = GENERATION_NONE, .next = GENERATION_NONE                                \
	}
#define _transaction_ __attribute__((cleanup(transaction_free)))

void transaction_free(struct transaction *transaction);

/* Were the programs that are attached put there by another version than this one? */
bool is_others_build(const struct maps *maps);

/* RW_KNOWS_PROGRAMS: which they are, as far as they are on interfaces. */
unsigned int build_programs(const struct maps *maps);

/* Maps, programs of the cgroup hooks and the policy in force: what is there is used, what is
 * missing is loaded. */
int transaction_open(struct transaction *transaction, struct error *ret_error);

/* All that can be refused by the verifier or for want of memory, for `next`. */
int transaction_prepare(struct transaction *transaction, struct error *ret_error);

/* I1: commit `next`, then attach. If that fails, what was in force is in force again, or `stays` is
 * set and the error says so. */
int transaction_switch(struct transaction *transaction, struct error *ret_error);

/* The way back from a switch that has succeeded, for the cause in `ret_error`: likewise. */
void transaction_back_out(struct transaction *transaction, struct error *ret_error);

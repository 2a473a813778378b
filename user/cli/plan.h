/* SPDX-License-Identifier: GPL-2.0 */
/* plan.h - what apply would change, against what is in force. */
#pragma once

#include <jansson.h>

#include "cli/config.h"
#include "cli/ssh_session.h"
#include "kernel/attach/interface_query.h"
#include "report/difference.h"

/*
 * What a plan is made of. Whoever makes it fills what is borrowed and `elsewhere`; plan_make() the
 * rest.
 */
struct plan {
	const struct instance *instance; /* borrowed, as the next two */
	const struct config *config;
	const struct snapshot *snapshot; /* NULL: nothing is in force */
	struct tables in_force;		 /* of the snapshot */
	struct difference difference;
	struct hook_state *hooks; /* owned; to be expected for each of difference.interfaces;
				     HOOK_NONE: of a device that is not there, or not asked for */
	struct ssh_session own;
	struct inbound_connections inbound_connections; /* connected now, and could not be again */
	bool elsewhere; /* it is about another node than this host */
};

/* 0 or -errno. `plan` is to be freed on failure, too. */
int plan_make(struct plan *plan, struct error *ret_error);
void plan_free(struct plan *plan);

/* Would the session of the caller be cut, so that apply asks for --force? */
bool plan_cuts_own(const struct plan *plan);

void plan_print(const struct settings *settings, const struct plan *plan);

/* The document of `plan --json`. */
json_t *json_plan(const struct plan *plan);

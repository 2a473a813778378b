/* SPDX-License-Identifier: GPL-2.0 */
/* attempt.h - attempts as table rows, lines and JSON. */
#ifndef ROLEWALL_CLI_ATTEMPT_H
#define ROLEWALL_CLI_ATTEMPT_H

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>

#include "../kernel/attempts.h"
#include "../kernel/snapshot.h"
#include "cli.h"

/* What the ports of the policy in force are called. */
struct services {
	struct snapshot snapshot;
	const struct rule **rules; /* owned; of the snapshot */
	struct owner *owners;	   /* owned; NULL = nothing is known */
};

/* Returns 0, -ENOENT if nothing is applied, or -errno with `ret_error`. Untouched on failure. */
int services_read(const struct instance *instance, struct services *ret, struct error *ret_error);
void services_free(struct services *services);

/* The rule that covers the attempt's port, or NULL. */
const struct rule *service_of(const struct services *services, const struct rw_attempt *record);

struct libscols_table *attempt_table(const struct settings *settings);
void attempt_add(struct libscols_table *table, const struct services *services,
		 const struct attempt *attempt);

/* The same columns, but one line at a time. */
void attempt_print_heading(const struct settings *settings);
void attempt_print_line(const struct settings *settings, const struct services *services,
			const struct attempt *attempt);

json_t *json_attempt(const struct services *services, const struct attempt *attempt);

#endif

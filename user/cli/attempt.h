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
struct port_names {
	struct snapshot snapshot;
	const struct rule **rules; /* owned; of the snapshot */
	struct owner *owners;	   /* owned; NULL = nothing is known */
};

/* Returns 0, -ENOENT if nothing is applied, or -errno with `ret_error`. Untouched on failure. */
int port_names_read(const struct instance *instance, struct port_names *ret,
		    struct error *ret_error);
void port_names_free(struct port_names *names);

/* The rule that covers the attempt's port, or NULL. */
const struct rule *service_of(const struct port_names *names, const struct rw_attempt *record);

struct libscols_table *attempt_table(const struct settings *settings);
void attempt_add(struct libscols_table *table, const struct port_names *names,
		 const struct attempt *attempt);

/* The same columns, but one line at a time; `remark` ends it. */
void attempt_print_heading(const struct settings *settings);
void attempt_print_line(const struct settings *settings, const struct port_names *names,
			const struct attempt *attempt, const char *remark);

json_t *json_attempt(const struct port_names *names, const struct attempt *attempt);

#endif

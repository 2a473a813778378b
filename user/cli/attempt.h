/* SPDX-License-Identifier: GPL-2.0 */
/* attempt.h - attempts as table rows, lines and JSON. */
#pragma once

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>

#include "cli/cli.h"
#include "kernel/observe/attempts.h"
#include "kernel/observe/port_names.h"

struct libscols_table *attempt_table(const struct settings *settings);
void attempt_add(struct libscols_table *table, const struct port_names *names,
		 const struct attempt *attempt);

/* The same columns, but one line at a time; `remark` ends it. */
void attempt_print_heading(const struct settings *settings);
void attempt_print_line(const struct settings *settings, const struct port_names *names,
			const struct attempt *attempt, const char *remark);

/* Its service is that of `names`. */
json_t *json_attempt_named(const struct port_names *names, const struct attempt *attempt);

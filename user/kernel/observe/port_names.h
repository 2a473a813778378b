/* SPDX-License-Identifier: GPL-2.0 */
/* port_names.h - what the ports of the policy in force are called. */
#pragma once

#include <stdbool.h>

#include "kernel/observe/snapshot.h"

/* Owning. Zeros know nothing. */
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

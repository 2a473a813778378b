/* SPDX-License-Identifier: GPL-2.0 */
/* host_advice.h - a policy against the host that it is for. */
#pragma once

#include "host/sshd.h"
#include "policy/tables.h"
#include "util/warnings.h"

/*
 * Warnings of the interfaces, of an SSH server on a port that "management" does not mean, of
 * forwarding, of other firewalls, and of what they publish. `ret` is added to; 0 or -ENOMEM.
 */
int host_advise(const struct tables *tables, struct warnings *ret);

/* Is the port that of a service called ssh, which management sources always reach? */
bool tables_have_ssh(const struct tables *tables, uint16_t port);

#define SSHD_HINT_MAX 192

/* What makes it one: words for the node file. Returns `ret`. */
const char *sshd_hint(uint16_t port, char ret[SSHD_HINT_MAX]);

/* SPDX-License-Identifier: GPL-2.0 */
/* own.h - the caller's own SSH session under a policy. */
#ifndef ROLEWALL_CLI_OWN_H
#define ROLEWALL_CLI_OWN_H

#include <jansson.h>

#include "../kernel/reach.h"
#include "../policy/cidr.h"
#include "cli.h"

#define OWN_TEXT_MAX 512

/* "from 203.0.113.9 to port 22/tcp on eth0" */
const char *own_text(const struct own_session *own, char ret[OWN_TEXT_MAX]);

/* Could not be opened again, or is banned; `enforce`: whether the policy will refuse anything. */
bool own_is_cut(const struct own_session *own, bool enforce);

/* What bans it: "203.0.113.0/24" */
const char *own_ban_text(const struct own_session *own, char ret[CIDR_TEXT_MAX]);

/* For changes that ask nobody first: a warning if what is in force now keeps the caller out. */
void own_warn(const struct settings *settings);

/* null, or {"source","port","interface","survives","banned"} */
json_t *json_own(const struct own_session *own, bool enforce);

#endif

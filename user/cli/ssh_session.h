/* SPDX-License-Identifier: GPL-2.0 */
/* ssh_session.h - the caller's own SSH session under a policy. */
#pragma once

#include <jansson.h>

#include "cli/cli.h"
#include "kernel/observe/lockout.h"
#include "policy/cidr.h"

#define OWN_TEXT_MAX 512

/* "from 203.0.113.9 to port 22/tcp on eth0" */
const char *ssh_text(const struct ssh_session *own, char ret[OWN_TEXT_MAX]);

/* Could not be opened again, is banned, or loses what carries it; `enforce`: whether the policy
 * will refuse anything. */
bool ssh_is_cut(const struct ssh_session *own, bool enforce);

/* "the tunnel wg0 (wireguard) needs port 51820/udp, which this policy opens to nobody" */
const char *ssh_carrier_text(const struct ssh_session *own, char ret[OWN_TEXT_MAX]);

/* What to write into the node file for it. */
const char *ssh_carrier_hint(const struct ssh_session *own, const struct tables *tables,
			     char ret[OWN_TEXT_MAX]);

/* It survives, if its tunnel does; and of that nothing could be found out. */
bool ssh_is_unsure(const struct ssh_session *own, bool enforce);

/* What bans it: "203.0.113.0/24" */
const char *ssh_ban_text(const struct ssh_session *own, char ret[CIDR_TEXT_MAX]);

/* For changes that do not ask first: a warning if what is in force now keeps the caller out. */
void ssh_warn(const struct settings *settings);

/* null, or {"source","port","interface","survives","banned","carrier"}; "survives" is null if
 * unsure, "carrier" if there is none. */
json_t *json_own(const struct ssh_session *own, bool enforce);

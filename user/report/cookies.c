/* SPDX-License-Identifier: GPL-2.0 */
/* cookies.c - a snapshot's SYN cookies. */
#include "report/cookies.h"

#include "policy/words.h"
#include "report/words.h"

const char *cookies_missing(const struct snapshot *snapshot)
{
	if (snapshot->flags & RW_POLICY_COOKIES_OFF)
		return "the node file says so";
	if (!(snapshot->flags & RW_POLICY_ENFORCE))
		return "mode observe answers nobody";
	if (!snapshot->cookies)
		return "this kernel has none for programs";
	return snapshot->syncookies ? NULL : "net.ipv4.tcp_syncookies is 0";
}

const char *cookies_missing_at(const struct interface_state *interface)
{
	if (interface->answers || !interface->ifindex)
		return NULL;
	if (interface->hook == HOOK_CGROUP || interface->hook == HOOK_NONE)
		return "neither XDP nor tc is there";
	return interface->xdp_mode == XDP_MODE_GENERIC
		       ? "generic XDP sends nothing back (\"hook\": \"tc\" does)"
		       : "the other end takes nothing that XDP sends (GRO there, or \"hook\": "
			 "\"tc\")";
}

json_t *json_cookies(const struct snapshot *snapshot)
{
	const struct rw_cookie_counter *counter = &snapshot->cookie_counter;
	const char *missing = snapshot->generation ? cookies_missing(snapshot) : NULL;

	return json_pack("{s:s, s:o, s:I, s:I, s:I}", "setting", syn_cookies_word(snapshot->flags),
			 "missing", missing ? json_string(missing) : json_null(), "sent",
			 (json_int_t)counter->sent, "completed", (json_int_t)counter->completed,
			 "refused", (json_int_t)counter->refused);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* own.c - the caller's own SSH session in words. */
#include "own.h"

#include "print.h"

const char *own_text(const struct own_session *own, char ret[OWN_TEXT_MAX])
{
	char client[CIDR_TEXT_MAX];

	cidr_format(own->session.client, 128, client);
	snprintf(ret, OWN_TEXT_MAX, "from %s to port %u/tcp%s%s", client, own->session.server_port,
		 own->interface[0] ? " on " : "", own->interface);
	return ret;
}

bool own_is_cut(const struct own_session *own, bool enforce)
{
	return own->exists && (!own->admitted || own->is_banned) && enforce;
}

const char *own_ban_text(const struct own_session *own, char ret[CIDR_TEXT_MAX])
{
	cidr_format(own->banned.ban.source, own->banned.ban.length, ret);
	return ret;
}

json_t *json_own(const struct own_session *own, bool enforce)
{
	char client[CIDR_TEXT_MAX], ban[CIDR_TEXT_MAX];

	if (!own->exists)
		return json_null();
	cidr_format(own->session.client, 128, client);
	return json_make("{s:s, s:i, s:o, s:b, s:o}", "source", client, "port",
			 (int)own->session.server_port, "interface", json_text(own->interface),
			 "survives", !own_is_cut(own, enforce), "banned",
			 json_text(own->is_banned ? own_ban_text(own, ban) : NULL));
}

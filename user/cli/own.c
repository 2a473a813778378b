/* SPDX-License-Identifier: GPL-2.0 */
/* own.c - the caller's own SSH session in words. */
#include "own.h"

#include <string.h>

#include "../kernel/explain.h"
#include "../util/cleanup.h"
#include "message.h"
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

static bool is_kept_out(const struct settings *settings, const struct own_session *own)
{
	_cleanup_(explainer_close) struct explainer *explainer = NULL;
	struct question question = {
		.l4 = RW_L4_TCP,
		.port = own->session.server_port,
		.interface = own->interface[0] ? own->interface : NULL,
	};
	struct explanation answer;

	memcpy(question.source, own->session.client, sizeof(question.source));
	return explainer_open(&settings->instance, &explainer, NULL) == 0 &&
	       explainer_ask(explainer, &question, &answer, NULL) == 0 && answer.drop &&
	       answer.enforce;
}

void own_warn(const struct settings *settings)
{
	char client[CIDR_TEXT_MAX], text[OWN_TEXT_MAX], what[OWN_TEXT_MAX + 256];
	struct own_session own;

	if (!own_session_find(&own) || !is_kept_out(settings, &own))
		return;
	cidr_format(own.session.client, 128, client);
	snprintf(what, sizeof(what),
		 "your own SSH session, %s, could not be opened again: do not end it before "
		 "\"rolewall explain %s %u\" says that it would pass",
		 own_text(&own, text), client, own.session.server_port);
	report_warning(settings, "", what);
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

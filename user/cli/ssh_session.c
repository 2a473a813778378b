/* SPDX-License-Identifier: GPL-2.0 */
/* ssh_session.c - the caller's own SSH session in words. */
#include "cli/ssh_session.h"

#include <string.h>

#include "cli/message.h"
#include "cli/print.h"
#include "kernel/observe/explain.h"
#include "policy/words.h"
#include "util/cleanup.h"

const char *ssh_text(const struct ssh_session *own, char ret[OWN_TEXT_MAX])
{
	char client[CIDR_TEXT_MAX];

	cidr_format(own->session.client, 128, client);
	snprintf(ret, OWN_TEXT_MAX, "from %s to port %u/tcp%s%s", client, own->session.server_port,
		 own->interface[0] ? " on " : "", own->interface);
	return ret;
}

bool ssh_is_cut(const struct ssh_session *own, bool enforce)
{
	return own->exists && (!own->admitted || !own->carried || own->is_banned) && enforce;
}

bool ssh_is_unsure(const struct ssh_session *own, bool enforce)
{
	return own->exists && enforce && !ssh_is_cut(own, enforce) && own->carrier.kind[0] &&
	       !carrier_is_known(&own->carrier);
}

/* "protocol esp or port 4500/udp" */
static void way_text(const struct carrier *carrier, char ret[64])
{
	const char *name = word_of(words_protocols, carrier->protocol);

	if (carrier->protocol && carrier->port)
		snprintf(ret, 64, "protocol %s or port %u/udp", name, carrier->port);
	else if (carrier->protocol)
		snprintf(ret, 64, "protocol %s", name);
	else
		snprintf(ret, 64, "port %u/udp", carrier->port);
}

const char *ssh_carrier_text(const struct ssh_session *own, char ret[OWN_TEXT_MAX])
{
	const struct carrier *carrier = &own->carrier;
	char way[64], peer[CIDR_TEXT_MAX] = "nobody";
	bool has_peer = carrier->has_peer && !carrier->protocol;

	way_text(carrier, way);
	if (has_peer)
		cidr_format(carrier->peer, 128, peer);
	snprintf(ret, OWN_TEXT_MAX, "the tunnel %s (%s) needs %s, which this policy %s %s",
		 own->interface, carrier->kind, way, has_peer ? "does not open to" : "opens to",
		 peer);
	return ret;
}

const char *ssh_carrier_hint(const struct ssh_session *own, const struct tables *tables,
			     char ret[OWN_TEXT_MAX])
{
	const struct carrier *carrier = &own->carrier;

	if (carrier->is_ipv6 && (tables->flags & RW_POLICY_IPV6_DROP))
		snprintf(ret, OWN_TEXT_MAX,
			 "its packets come over IPv6: leave out \"ipv6\": \"drop\"");
	else if (carrier->protocol)
		snprintf(ret, OWN_TEXT_MAX, "list it in the node file: \"protocols\": [\"%s\"]",
			 word_of(words_protocols, carrier->protocol));
	else
		snprintf(ret, OWN_TEXT_MAX,
			 "open it in the node file: \"services\": [ { \"name\": \"%s\", \"proto\": "
			 "\"udp\", \"port\": %u, \"table\": \"external\" } ]",
			 carrier->kind, carrier->port);
	return ret;
}

const char *ssh_ban_text(const struct ssh_session *own, char ret[CIDR_TEXT_MAX])
{
	cidr_format(own->banned.ban.source, own->banned.ban.length, ret);
	return ret;
}

static bool is_kept_out(const struct settings *settings, const struct ssh_session *own)
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

void ssh_warn(const struct settings *settings)
{
	char client[CIDR_TEXT_MAX], text[OWN_TEXT_MAX], what[OWN_TEXT_MAX + 256];
	struct ssh_session own;

	if (!ssh_session_find(&own) || !is_kept_out(settings, &own))
		return;
	cidr_format(own.session.client, 128, client);
	snprintf(what, sizeof(what),
		 "your own SSH session, %s, could not be opened again: do not end it before "
		 "\"rolewall explain %s %u\" says that it would pass",
		 ssh_text(&own, text), client, own.session.server_port);
	report_warning(settings, "", what);
}

static json_t *json_carrier(const struct carrier *carrier)
{
	char peer[CIDR_TEXT_MAX];

	if (!carrier->kind[0])
		return json_null();
	cidr_format(carrier->peer, 128, peer);
	return json_make(
		"{s:s, s:o, s:o, s:o}", "kind", carrier->kind, "protocol",
		json_clean(carrier->protocol ? word_of(words_protocols, carrier->protocol) : NULL),
		"port", carrier->port ? json_integer(carrier->port) : json_null(), "peer",
		json_clean(carrier->has_peer ? peer : NULL));
}

json_t *json_own(const struct ssh_session *own, bool enforce)
{
	char client[CIDR_TEXT_MAX], ban[CIDR_TEXT_MAX];

	if (!own->exists)
		return json_null();
	cidr_format(own->session.client, 128, client);
	return json_make(
		"{s:s, s:i, s:o, s:o, s:o, s:o}", "source", client, "port",
		(int)own->session.server_port, "interface", json_clean(own->interface), "survives",
		ssh_is_unsure(own, enforce) ? json_null() : json_boolean(!ssh_is_cut(own, enforce)),
		"banned", json_clean(own->is_banned ? ssh_ban_text(own, ban) : NULL), "carrier",
		json_carrier(&own->carrier));
}

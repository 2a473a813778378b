/* SPDX-License-Identifier: GPL-2.0 */
/* host_advice.c - all that this host gives a reason to warn of. */
#include "host/host_advice.h"

#include <stdio.h>
#include <string.h>

#include "host/interface_advice.h"
#include "host/other_firewalls.h"
#include "host/published.h"
#include "policy/merge.h"
#include "policy/words.h"
#include "util/cleanup.h"

bool tables_have_ssh(const struct tables *tables, uint16_t port)
{
	for (size_t i = 0; i < tables->rule_count; i++)
		if (rule_covers(&tables->rules[i], RW_L4_TCP, port) &&
		    !strcmp(tables->rules[i].service, MERGE_SSH))
			return true;
	return false;
}

const char *sshd_hint(uint16_t port, char ret[SSHD_HINT_MAX])
{
	snprintf(ret, SSHD_HINT_MAX,
		 "\"services\": [ { \"name\": \"" MERGE_SSH "\", \"proto\": \"tcp\", \"port\": %u, "
		 "\"from\": [\"internal\", \"vpn\"] } ]",
		 port);
	return ret;
}

static int advise_sshd(const struct tables *tables, struct warnings *ret)
{
	char hint[SSHD_HINT_MAX];
	struct sshd_ports sshd;
	int r = 0;

	sshd_ports_find(&sshd);
	for (size_t i = 0; r == 0 && i < sshd.count; i++) {
		uint16_t port = sshd.list[i];

		if (!tables_have_ssh(tables, port))
			r = warnings_add(
				ret, WARNING_SSH_PORT, NULL,
				"sshd listens on port %u, which no service called \"" MERGE_SSH
				"\" covers: \"management\" does not open it; add %s",
				port, sshd_hint(port, hint));
	}
	return r;
}

/* --- ports that are handed on ----------------------------------------------------------------- */

static bool is_opened(const struct tables *tables, const struct published_port *port)
{
	for (size_t i = 0; i < tables->rule_count; i++)
		if (rule_covers(&tables->rules[i], port->l4, port->port) &&
		    rule_covers(&tables->rules[i], port->l4, port->port_end))
			return true;
	return false;
}

static int advise_closed(const struct tables *tables, const struct published *published,
			 struct warnings *ret)
{
	char list[384] = "";
	size_t used = 0;

	for (size_t i = 0; i < published->count; i++) {
		const struct published_port *port = &published->list[i];
		char end[8] = "";

		if (is_opened(tables, port) || used >= sizeof(list))
			continue;
		if (port->port_end != port->port)
			snprintf(end, sizeof(end), "-%u", port->port_end);
		used += snprintf(list + used, sizeof(list) - used, "%s%u%s/%s", used ? ", " : "",
				 port->port, end, word_of(words_l4, port->l4));
	}
	if (!used)
		return 0;
	return warnings_add(ret, WARNING_PUBLISHED_CLOSED, NULL,
			    "rules of nftables or iptables hand on (publish) %s, which no role or "
			    "service opens: nobody reaches what is behind them; \"rolewall allow\" "
			    "opens a port",
			    list);
}

/* Connections to this node's own sockets are counted, and these never reach one. */
static int advise_limit(const struct rule *rule, const struct published *published,
			struct warnings *ret)
{
	if (!rule->limit.count ||
	    !published_covers(published, rule->l4, rule->port, rule->port_end))
		return 0;
	return warnings_add(ret, WARNING_LIMIT_IN_VAIN, NULL,
			    "the limit of %s has no effect: port %u is handed on (published) by a "
			    "rule of nftables or iptables, and only connections to this node's own "
			    "sockets are counted; let what is behind it limit them",
			    rule->service, rule->port);
}

static int advise_published(const struct tables *tables, struct warnings *ret)
{
	_cleanup_(published_free) struct published published = {0};
	int r = published_read(&published, NULL);

	if (r == 0 && published.count)
		r = advise_closed(tables, &published, ret);
	for (size_t i = 0; r == 0 && i < tables->rule_count; i++)
		r = advise_limit(&tables->rules[i], &published, ret);
	return r;
}

int host_advise(const struct tables *tables, struct warnings *ret)
{
	int r = interfaces_advise(tables, ret);

	if (r == 0)
		r = advise_sshd(tables, ret);
	if (r == 0)
		r = other_firewalls_advise(ret);
	if (r == 0)
		r = advise_published(tables, ret);
	return r;
}

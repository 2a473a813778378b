/* SPDX-License-Identifier: GPL-2.0 */
/* host_advice.c - all that this host gives a reason to warn of. */
#include "host/host_advice.h"

#include <stdio.h>
#include <string.h>

#include "host/interface_advice.h"
#include "host/other_firewalls.h"
#include "policy/merge.h"

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

int host_advise(const struct tables *tables, struct warnings *ret)
{
	int r = interfaces_advise(tables, ret);

	if (r == 0)
		r = advise_sshd(tables, ret);
	if (r == 0)
		r = other_firewalls_advise(ret);
	return r;
}

// SPDX-License-Identifier: GPL-2.0
/* policies.c - the policies that are measured: the one of the product, and sizes of its own. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"
#include "util/cleanup.h"
#include "instance.h"

static void node_write(const char *path, unsigned int prefixes)
{
	_fclose_ FILE *file = fopen(path, "we");

	if (!file)
		err(1, "%s", path);
	fprintf(file, "{\"version\":1,\"node\":\"bench\",\"profile\":\"carbonio-ce-23.10\","
		      "\"roles\":[\"mta\","
		      "\"proxy\",\"postgres\",\"directory-server\",\"appserver\",\"videoserver\","
		      "\"mesh\"],"
		      "\"mode\":\"enforce\",\"interfaces\":{\"" BENCH_IFACE
		      "\":{\"zone\":\"external\",\"sources\":{\"internal\":[");
	for (unsigned int i = 0; i < prefixes; i++)
		/* Apart from whom the benchmark bans: no ban would reach them. */
		fprintf(file, "%s\"11.%u.%u.0/24\"", i ? "," : "", i >> 8, i & 0xff);
	fputs("]}}}}\n", file);
}

void tables_roles(struct tables *ret, const char *dir, const char *roles_dir, unsigned int prefixes)
{
	struct error error = {0};
	char path[4096];

	snprintf(path, sizeof(path), "%s/node.json", dir);
	node_write(path, prefixes);
	if (policy_compile(path, roles_dir, ret, NULL, &error))
		errx(1, "%s: %s", error.where, error.what);
}

static void *zalloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		err(1, "memory");
	return memory;
}

void tables_rules(struct tables *ret, unsigned int count, unsigned int hole)
{
	struct tables tables = {.flags = RW_POLICY_ENFORCE, .echo_rate = 65535};

	snprintf(tables.node, sizeof(tables.node), "bench");
	tables.rules = zalloc(count, sizeof(*tables.rules));
	tables.ports = zalloc(2 * 65536, sizeof(*tables.ports));
	tables.interfaces = zalloc(1, sizeof(*tables.interfaces));
	tables.interface_count = 1;
	snprintf(tables.interfaces->name, sizeof(tables.interfaces->name), BENCH_IFACE);
	tables.interfaces->zone = RW_ZONE_EXTERNAL;
	tables.interfaces->hook = CHOICE_XDP; /* "auto" leaves a veth to tc */
	for (unsigned int port = 0; port < 65536 && tables.rule_count < count; port++) {
		struct rule *rule = &tables.rules[tables.rule_count];

		if (port == hole)
			continue;
		snprintf(rule->role, sizeof(rule->role), "bench");
		snprintf(rule->service, sizeof(rule->service), "port-%u", port);
		rule->port = rule->port_end = port;
		rule->zones = RW_ZONE_ALL;
		tables.ports[port] = (struct port){RW_ZONE_ALL, tables.rule_count++};
	}
	*ret = tables;
}

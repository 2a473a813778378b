/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The documented scenarios with flows "least", as the tables judge them: every port of every node
 * from every other, against flows that were typed by hand (flows.tsv) and the external table of the
 * page (seed-ports.tsv). tests/e2e/test_cluster.sh does the same with real connections.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tables/admit.h"
#include "policy/cluster.h"
#include "policy/compile.h"
#include "tables/profile.h"
#include "util/array.h"

#define ROLES_DIR "roles"
#define PORTS	  (2 * 65536)
#define ANY	  "any"

/* One line of a table: who reaches what. */
struct flow {
	char from[32], to[32];
	unsigned int l4, port, port_end;
};

struct flows {
	struct flow *list;
	size_t count;
};

static void flow_add(struct flows *flows, const char *from, const char *to, const char *ports,
		     const char *proto)
{
	struct flow *flow = array_append(&flows->list, &flows->count, sizeof(*flow));
	int fields;

	assert_non_null(flow);
	snprintf(flow->from, sizeof(flow->from), "%s", from);
	snprintf(flow->to, sizeof(flow->to), "%s", to);
	flow->l4 = !strcmp(proto, "udp");
	fields = sscanf(ports, "%u-%u", &flow->port, &flow->port_end);
	assert_true(fields >= 1);
	if (fields == 1)
		flow->port_end = flow->port;
}

static void table_read(const char *path, bool external, struct flows *flows)
{
	FILE *file = fopen(path, "r");
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char a[32], b[32], c[32], d[32];

		if (line[0] == '#' || sscanf(line, "%31s %31s %31s %31s", a, b, c, d) != 4)
			continue;
		/* The page: role, table, ports, protocol. The flows: from, to, port, protocol. */
		if (!external)
			flow_add(flows, a, b, c, d);
		else if (!strcmp(b, "external"))
			flow_add(flows, ANY, a, c, d);
	}
	fclose(file);
}

/* --- a scenario ------------------------------------------------------------------------------- */

struct scenario {
	const char *directory;
	size_t nodes;
	bool sidecars; /* 24.1: any node reaches the mesh's proxies */
};

static const struct scenario scenarios[] = {
	{"docs/examples/four-nodes", 4, false},
	{"docs/examples/five-nodes", 5, true},
	{"docs/examples/six-nodes", 6, false},
};

struct fixture {
	struct cluster_model cluster;
	struct flows flows;
	char node_file[128];
};

static void fixture_open(const struct scenario *scenario, struct fixture *ret)
{
	char path[128];

	*ret = (struct fixture){0};
	snprintf(path, sizeof(path), "%s/cluster.json", scenario->directory);
	snprintf(ret->node_file, sizeof(ret->node_file), "%s/node.json", scenario->directory);
	assert_int_equal(cluster_read(path, &ret->cluster, NULL), 0);
	assert_int_equal(ret->cluster.node_count, scenario->nodes);
	table_read("tests/unit/flows.tsv", false, &ret->flows);
	table_read("tests/unit/seed-ports.tsv", true, &ret->flows);
	if (scenario->sidecars)
		flow_add(&ret->flows, ANY, "mesh", "21000-21255", "tcp");
}

static void fixture_close(struct fixture *fixture)
{
	cluster_free(&fixture->cluster);
	free(fixture->flows.list);
}

static struct tables node_compile(const struct fixture *fixture, const char *node)
{
	const struct policy_source source = {
		.node_file = fixture->node_file, .roles_dir = ROLES_DIR, .node = node};
	struct tables tables = {0};
	struct error error = {0};

	if (policy_compile_from(&source, &tables, NULL, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	return tables;
}

static bool plays(const struct peer_model *node, const char *role)
{
	if (!strcmp(role, ANY))
		return true;
	for (size_t i = 0; i < node->role_count; i++)
		if (!strcmp(node->roles[i].name, role))
			return true;
	return false;
}

/* Behind the VPN in every example, and there is no VPN here. */
static bool is_vpn_only(const struct flow *flow)
{
	return flow->port == 6071;
}

static void expected_fill(const struct flows *flows, const struct peer_model *from,
			  const struct peer_model *to, bool *ret)
{
	memset(ret, 0, PORTS * sizeof(*ret));
	for (size_t i = 0; i < flows->count; i++) {
		const struct flow *flow = &flows->list[i];

		if (!plays(from, flow->from) || !plays(to, flow->to) || is_vpn_only(flow))
			continue;
		for (unsigned int port = flow->port; port <= flow->port_end; port++)
			ret[(flow->l4 << 16) + port] = true;
	}
}

/* Every port, from one source. */
static void assert_reach(const struct tables *tables, const uint8_t source[16],
			 const bool *expected, const char *from)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		const struct admission admission = {"eth0", source, i >> 16, i & 0xffff};

		if (tables_admits(tables, &admission) != expected[i])
			fail_msg("%s port %u of %s is %s from %s", i >> 16 ? "udp" : "tcp",
				 i & 0xffff, tables->node, expected[i] ? "shut" : "open", from);
	}
}

static void every_flow_is_open_and_no_other(void **state)
{
	static bool expected[PORTS];
	struct fixture fixture;

	fixture_open(*state, &fixture);
	for (size_t i = 0; i < fixture.cluster.node_count; i++) {
		const struct peer_model *to = &fixture.cluster.nodes[i];
		struct tables tables = node_compile(&fixture, to->name);

		for (size_t k = 0; k < fixture.cluster.node_count; k++) {
			const struct peer_model *from = &fixture.cluster.nodes[k];

			if (from == to)
				continue;
			expected_fill(&fixture.flows, from, to, expected);
			assert_reach(&tables, from->addresses.list[0].cidr.source, expected,
				     from->name);
		}
		tables_free(&tables);
	}
	fixture_close(&fixture);
}

/* A stranger on the same network is outside, and so is one node's address on another interface. */
static void strangers_reach_the_external_table_alone(void **state)
{
	static const uint8_t stranger[16] = {[10] = 0xff, [11] = 0xff, 172, 16, 0, 99};
	static bool expected[PORTS];
	struct fixture fixture;
	struct flows external = {0};

	fixture_open(*state, &fixture);
	table_read("tests/unit/seed-ports.tsv", true, &external);
	for (size_t i = 0; i < fixture.cluster.node_count; i++) {
		const struct peer_model *to = &fixture.cluster.nodes[i];
		const struct peer_model *other =
			&fixture.cluster.nodes[(i + 1) % fixture.cluster.node_count];
		struct tables tables = node_compile(&fixture, to->name);
		const struct admission elsewhere = {"eth7", other->addresses.list[0].cidr.source,
						    RW_L4_TCP, 8301};

		expected_fill(&external, to, to, expected);
		assert_reach(&tables, stranger, expected, "a stranger");
		assert_false(tables_admits(&tables, &elsewhere));
		tables_free(&tables);
	}
	free(external.list);
	fixture_close(&fixture);
}

/* --- what is kept for a restart --------------------------------------------------------------- */

static void the_text_that_is_kept_needs_no_other_file(void **state)
{
	struct tables tables, again = {0};
	char path[] = "/tmp/rolewall-node-XXXXXX";
	struct fixture fixture;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	fixture_open(&scenarios[0], &fixture);
	tables = node_compile(&fixture, "srv3");
	assert_int_equal(write(fd, tables.text, tables.text_size), tables.text_size);
	close(fd);
	assert_int_equal(policy_compile(path, ROLES_DIR, &again, NULL, NULL), 0);
	assert_string_equal(again.node, "srv3");
	assert_int_equal(again.rule_count, tables.rule_count);
	assert_memory_equal(again.ports, tables.ports, PORTS * sizeof(*tables.ports));
	assert_int_equal(again.interfaces[0].prefix_count, 4);
	tables_free(&tables);
	tables_free(&again);
	fixture_close(&fixture);
	unlink(path);
}

/* --- the flows of every profile --------------------------------------------------------------- */

/* Each flow names services that its target role has: a node plays every role of the profile. */
static void assert_flows(const struct profile *profile)
{
	char path[] = "/tmp/rolewall-node-XXXXXX";
	struct tables tables = {0};
	struct error error = {0};
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fprintf(file,
		"{ \"version\": 1, \"node\": \"a\", \"interfaces\": { \"eth0\": { \"zone\": "
		"\"internal\" } }, \"cluster\": { \"version\": 1, \"flows\": \"least\", "
		"\"profile\": \"%s\", \"nodes\": { \"a\": { \"addresses\": [\"10.0.0.1\"], "
		"\"roles\": [",
		profile->name);
	for (size_t i = 0; i < profile->role_count; i++)
		fprintf(file, "%s\"%s\"", i ? ", " : "", profile->roles[i].name);
	fprintf(file, "] } } } }");
	fclose(file);
	if (policy_compile(path, ROLES_DIR, &tables, NULL, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	tables_free(&tables);
	unlink(path);
}

static void flows_name_services_that_exist(void **state)
{
	struct profile_names names = {0};
	size_t count = 0;

	assert_int_equal(profile_names_read(ROLES_DIR, &names, NULL), 0);
	for (size_t i = 0; i < names.count; i++) {
		struct profile profile = {0};
		struct profile_files files = {0};
		char path[PATH_MAX];

		assert_int_equal(profile_read(ROLES_DIR, names.list[i], &profile, NULL), 0);
		assert_int_equal(profile_files_open(ROLES_DIR, names.list[i], &files, NULL), 0);
		if (profile_files_find(&files, FLOWS_FILE, path)) {
			assert_flows(&profile);
			count++;
		}
		profile_files_free(&files);
		profile_free(&profile);
	}
	/* Those of several nodes: Carbonio but for the single server of 26, Zimbra, grommunio. */
	assert_int_equal(count, 12);
	profile_names_free(&names);
}

#define SCENARIO_TEST(test, index)                                                                 \
	{                                                                                          \
#test " in scenario " #index, test, NULL, NULL, (void *)&scenarios[index]          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_TEST(every_flow_is_open_and_no_other, 0),
		SCENARIO_TEST(every_flow_is_open_and_no_other, 1),
		SCENARIO_TEST(every_flow_is_open_and_no_other, 2),
		SCENARIO_TEST(strangers_reach_the_external_table_alone, 0),
		SCENARIO_TEST(strangers_reach_the_external_table_alone, 1),
		SCENARIO_TEST(strangers_reach_the_external_table_alone, 2),
		cmocka_unit_test(the_text_that_is_kept_needs_no_other_file),
		cmocka_unit_test(flows_name_services_that_exist),
	};

	return cmocka_run_group_tests_name("policy cluster", tests, NULL, NULL);
}

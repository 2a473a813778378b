/* SPDX-License-Identifier: GPL-2.0 */
/* Whom no ban may reach: out of the node file, and out of resolv.conf(5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/lifeline.h"
#include "policy/compile.h"
#include "policy/prefixes.h"
#include "util/array.h"

static char file[] = "/tmp/rolewall-never-ban-XXXXXX";

static int file_make(void **state)
{
	int fd = mkstemp(file);

	return fd < 0 ? -1 : close(fd);
}

static int file_remove(void **state)
{
	return unlink(file);
}

static struct tables compile(const char *interfaces, const char *rest)
{
	struct error error = {0};
	struct tables tables = {0};
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fprintf(out,
		"{ \"version\": 1, \"node\": \"n\", \"profile\": \"carbonio-ce-23.10\","
		" \"roles\": [\"mta\"], \"interfaces\": { %s } %s }",
		interfaces, rest);
	fclose(out);
	if (policy_compile(file, "roles", &tables, NULL, &error))
		fail_msg("%s %s", error.where, error.what);
	return tables;
}

/* Why is it never banned? As the trie of the kernel answers: by the longest prefix. */
static uint16_t why(const struct tables *tables, const char *address)
{
	const struct prefix *longest = NULL;
	struct cidr one;

	assert_int_equal(cidr_parse(address, &one, NULL), 0);
	for (size_t i = 0; i < tables->never_ban_count; i++) {
		const struct prefix *prefix = &tables->never_ban[i];
		struct cidr cidr = {.length = prefix->length};

		memcpy(cidr.source, prefix->source, 16);
		if (cidr_covers(&cidr, &one) && (!longest || prefix->length > longest->length))
			longest = prefix;
	}
	assert_int_equal(tables_never_ban(tables, one.source),
			 longest && longest->bits != RW_NEVER_BAN_NONE);
	return longest ? longest->bits : RW_NEVER_BAN_NONE;
}

static void management_peers_and_what_is_listed_are_never_banned(void **state)
{
	struct tables tables =
		compile("\"eth0\": { \"zone\": \"external\", \"sources\": {"
			"  \"internal\": [\"10.0.0.0/24\"], \"vpn\": [\"10.1.0.0/24\"] } }",
			", \"management\": [\"203.0.113.0/28\"], \"never_ban\": [\"2001:db8::/32\","
			" \"203.0.113.0/28\", \"198.51.100.7\"]");

	assert_int_equal(why(&tables, "203.0.113.3"), RW_NEVER_BAN_MANAGEMENT);
	assert_int_equal(why(&tables, "10.0.0.9"), RW_NEVER_BAN_PEER);
	assert_int_equal(why(&tables, "10.1.0.9"), RW_NEVER_BAN_NONE);
	assert_int_equal(why(&tables, "198.51.100.7"), RW_NEVER_BAN_LISTED);
	assert_int_equal(why(&tables, "198.51.100.8"), RW_NEVER_BAN_NONE);
	assert_int_equal(why(&tables, "2001:db8::1"), RW_NEVER_BAN_LISTED);
	assert_int_equal(tables.never_ban_count, 4);
	tables_free(&tables);
}

static void other_nodes_of_the_cluster_are_never_banned(void **state)
{
	struct tables tables = compile(
		"\"eth0\": { \"zone\": \"external\", \"sources\": { \"internal\": [\"@cluster\"] } "
		"}",
		", \"cluster\": { \"version\": 1, \"profile\": \"carbonio-ce-23.10\", \"nodes\": {"
		" \"n\": { \"addresses\": [\"10.0.0.1\"], \"roles\": [\"mta\"] },"
		" \"m\": { \"addresses\": [\"10.0.0.2\"], \"roles\": [\"mta\"] } } }");

	assert_int_equal(why(&tables, "10.0.0.2"), RW_NEVER_BAN_PEER);
	assert_int_equal(why(&tables, "10.0.0.1"), RW_NEVER_BAN_NONE);
	tables_free(&tables);
}

static void an_ipv6_prefix_has_no_ipv4_in_it(void **state)
{
	struct tables tables = compile("\"eth0\": { \"zone\": \"external\" }",
				       ", \"never_ban\": [\"::/0\", \"10.0.0.0/8\"]");

	assert_int_equal(why(&tables, "2001:db8::1"), RW_NEVER_BAN_LISTED);
	assert_int_equal(why(&tables, "10.0.0.1"), RW_NEVER_BAN_LISTED);
	assert_int_equal(why(&tables, "192.0.2.1"), RW_NEVER_BAN_NONE);
	tables_free(&tables);
}

static void name_servers_are_read_but_for_those_on_this_host(void **state)
{
	struct lifelines lifelines = {0};
	static const char *const wanted[] = {"192.0.2.53", "2001:db8::53", "fe80::1"};

	lifelines_add_resolvers(&lifelines, "# nameserver 192.0.2.1\n"
					    "nameserver 192.0.2.53\n"
					    "search example.com\n"
					    "nameserver\t2001:db8::53 # a comment\r\n"
					    "nameserver 127.0.0.53\n"
					    "nameserver ::1\n"
					    "nameservers 192.0.2.2\n"
					    "nameserver\n"
					    "nameserver nonsense\n"
					    "nameserver 192.0.2.53\n"
					    "nameserver fe80::1%eth0");
	assert_int_equal(lifelines.count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < lifelines.count; i++) {
		struct cidr cidr;

		assert_int_equal(cidr_parse(wanted[i], &cidr, NULL), 0);
		assert_memory_equal(lifelines.list[i].source, cidr.source, 16);
		assert_int_equal(lifelines.list[i].bits, RW_NEVER_BAN_RESOLVER);
	}
}

static void what_is_beyond_the_room_is_left_out(void **state)
{
	struct lifelines lifelines = {0};

	for (unsigned int i = 0; i < 2 * RW_LIFELINES; i++) {
		char line[64];

		snprintf(line, sizeof(line), "nameserver 192.0.2.%u\n", i);
		lifelines_add_resolvers(&lifelines, line);
	}
	assert_int_equal(lifelines.count, RW_LIFELINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(management_peers_and_what_is_listed_are_never_banned),
		cmocka_unit_test(other_nodes_of_the_cluster_are_never_banned),
		cmocka_unit_test(an_ipv6_prefix_has_no_ipv4_in_it),
		cmocka_unit_test(name_servers_are_read_but_for_those_on_this_host),
		cmocka_unit_test(what_is_beyond_the_room_is_left_out),
	};

	return cmocka_run_group_tests_name("never ban", tests, file_make, file_remove);
}

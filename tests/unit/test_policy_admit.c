/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who could open a connection, by the tables alone: zone of the interface, of the longest source
 * prefix, management, IPv6 switched off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tables/admit.h"
#include "policy/cidr.h"
#include "policy/compile.h"

#define NODE_FILE "/tmp/rolewall-admit.XXXXXX"

static const char node[] =
	"{ \"version\": 1, \"node\": \"n\", \"profile\": \"carbonio-ce-23.10\", \"roles\": "
	"[\"mta\"],"
	"  \"interfaces\": {"
	"    \"eth0\": { \"zone\": \"external\", \"sources\": {"
	"      \"internal\": [\"192.0.2.0/24\"], \"external\": [\"192.0.2.128/25\"] } },"
	"    \"eth1\": { \"zone\": \"internal\" }, \"wg0\": { \"zone\": \"vpn\" } },"
	"  \"management\": [\"203.0.113.0/28\", \"2001:db8::/64\"],"
	"  \"vpn_only\": [\"submission\"], \"mode\": \"enforce\" }";

static int setup(void **state)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	char path[] = NODE_FILE;
	int fd = mkstemp(path);
	int r;

	assert_non_null(tables);
	assert_true(fd >= 0 && write(fd, node, strlen(node)) == (ssize_t)strlen(node));
	close(fd);
	r = policy_compile(path, "roles", tables, NULL, NULL);
	unlink(path);
	assert_int_equal(r, 0);
	*state = tables;
	return 0;
}

static int teardown(void **state)
{
	tables_free(*state);
	free(*state);
	return 0;
}

static bool admits(const struct tables *tables, const char *interface, const char *source,
		   uint16_t port)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(source, &cidr, NULL), 0);
	return tables_admits(tables, &(struct admission){.interface = interface,
							 .source = cidr.source,
							 .l4 = RW_L4_TCP,
							 .port = port});
}

static void interface_decides_the_zone(void **state)
{
	assert_true(admits(*state, "eth0", "198.51.100.1", 25));
	assert_false(admits(*state, "eth0", "198.51.100.1", 22));
	assert_true(admits(*state, "eth1", "198.51.100.1", 22));
	assert_true(admits(*state, "wg0", "198.51.100.1", 22));
}

static void unlisted_interface_is_external(void **state)
{
	assert_true(admits(*state, "eth7", "198.51.100.1", 25));
	assert_false(admits(*state, "eth7", "198.51.100.1", 22));
	assert_false(admits(*state, "", "192.0.2.1", 22));
}

static void longest_source_prefix_wins_on_its_interface_only(void **state)
{
	assert_true(admits(*state, "eth0", "192.0.2.1", 22));
	assert_false(admits(*state, "eth0", "192.0.2.200", 22));
	assert_false(admits(*state, "wg0", "192.0.2.1", 7026));
}

static void management_source_reaches_ssh_from_anywhere_and_nothing_else(void **state)
{
	assert_true(admits(*state, "eth0", "203.0.113.7", 22));
	assert_true(admits(*state, "eth7", "203.0.113.7", 22));
	assert_true(admits(*state, "eth7", "2001:db8::1", 22));
	assert_false(admits(*state, "eth0", "203.0.113.16", 22));
	assert_false(admits(*state, "eth0", "203.0.113.7", 7026));
}

static void vpn_only_service_is_for_the_vpn(void **state)
{
	assert_false(admits(*state, "eth0", "198.51.100.1", 587));
	assert_true(admits(*state, "wg0", "198.51.100.1", 587));
}

static void ipv6_off_admits_no_ipv6(void **state)
{
	struct tables *tables = *state;

	assert_true(admits(tables, "eth0", "2001:db8:1::1", 25));
	tables->flags |= RW_POLICY_IPV6_DROP;
	assert_false(admits(tables, "eth0", "2001:db8:1::1", 25));
	assert_true(admits(tables, "eth0", "198.51.100.1", 25));
}

static void closed_port_admits_nobody(void **state)
{
	assert_false(admits(*state, "eth0", "198.51.100.1", 9999));
	assert_false(admits(*state, "eth1", "198.51.100.1", 9999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(interface_decides_the_zone, setup, teardown),
		cmocka_unit_test_setup_teardown(unlisted_interface_is_external, setup, teardown),
		cmocka_unit_test_setup_teardown(longest_source_prefix_wins_on_its_interface_only,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			management_source_reaches_ssh_from_anywhere_and_nothing_else, setup,
			teardown),
		cmocka_unit_test_setup_teardown(vpn_only_service_is_for_the_vpn, setup, teardown),
		cmocka_unit_test_setup_teardown(ipv6_off_admits_no_ipv6, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_port_admits_nobody, setup, teardown),
	};

	return cmocka_run_group_tests_name("policy: who is admitted", tests, NULL, NULL);
}

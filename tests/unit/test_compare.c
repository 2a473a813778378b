/* SPDX-License-Identifier: GPL-2.0 */
/* test_compare.c - what differs between two policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tables.h"
#include "tables/compare.h"

#define EXT RW_ZONE_EXTERNAL
#define INT RW_ZONE_INTERNAL
#define VPN RW_ZONE_VPN
#define TCP RW_L4_TCP
#define UDP RW_L4_UDP

#define RULE(r, s, proto, first, last, mask)                                                       \
	(&(const struct rule){.role = (r),                                                         \
			      .service = (s),                                                      \
			      .origin = "x.json:1",                                                \
			      .l4 = (proto),                                                       \
			      .port = (first),                                                     \
			      .port_end = (last),                                                  \
			      .zones = (mask)})
#define RULES(...)                                                                                 \
	(&(const struct rule_list){                                                                \
		(const struct rule *const[]){__VA_ARGS__},                                         \
		sizeof((const struct rule *const[]){__VA_ARGS__}) / sizeof(struct rule *), NULL})
#define NO_RULES (&(const struct rule_list){NULL, 0, NULL})

static struct changes compare(const struct rule_list *before, const struct rule_list *after)
{
	struct changes changes;

	assert_int_equal(rules_compare(before, after, &changes), 0);
	return changes;
}

static void assert_change(const struct change *change, unsigned int l4, unsigned int port,
			  unsigned int port_end)
{
	assert_int_equal(change->l4, l4);
	assert_int_equal(change->port, port);
	assert_int_equal(change->port_end, port_end);
}

static void equal_policies_do_not_differ(void **state)
{
	const struct rule_list *rules = RULES(RULE("mta", "smtp", TCP, 25, 25, EXT | INT),
					      RULE("mesh", "gossip", UDP, 8301, 8302, INT));
	struct changes changes = compare(rules, rules);

	assert_int_equal(changes.count, 0);
	assert_int_equal(changes.unchanged, 2);
	changes_free(&changes);
}

static void first_policy_opens_everything(void **state)
{
	struct changes changes =
		compare(NO_RULES, RULES(RULE("mta", "smtp", TCP, 25, 25, EXT | INT | VPN),
					RULE("video", "rtp", UDP, 20000, 65535, EXT)));

	assert_int_equal(changes.count, 2);
	assert_int_equal(changes.unchanged, 0);
	assert_change(&changes.list[0], TCP, 25, 25);
	assert_int_equal(changes.list[0].opened, EXT | INT | VPN);
	assert_int_equal(changes.list[0].closed, 0);
	assert_null(changes.list[0].before);
	assert_string_equal(changes.list[0].after->service, "smtp");
	assert_change(&changes.list[1], UDP, 20000, 65535);
	changes_free(&changes);
}

static void removed_rule_closes_its_ports(void **state)
{
	struct changes changes =
		compare(RULES(RULE("proxy", "imap", TCP, 143, 143, EXT)), NO_RULES);

	assert_int_equal(changes.count, 1);
	assert_change(&changes.list[0], TCP, 143, 143);
	assert_int_equal(changes.list[0].closed, EXT);
	assert_int_equal(changes.list[0].opened, 0);
	assert_null(changes.list[0].after);
	changes_free(&changes);
}

static void narrowed_rule_closes_only_the_zone_it_lost(void **state)
{
	struct changes changes =
		compare(RULES(RULE("proxy", "admin-panel", TCP, 6071, 6071, EXT | INT | VPN)),
			RULES(RULE("proxy", "admin-panel", TCP, 6071, 6071, INT | VPN)));

	assert_int_equal(changes.count, 1);
	assert_int_equal(changes.unchanged, 0);
	assert_int_equal(changes.list[0].closed, EXT);
	assert_int_equal(changes.list[0].opened, 0);
	changes_free(&changes);
}

static void one_zone_may_open_while_another_closes(void **state)
{
	struct changes changes = compare(RULES(RULE("mta", "smtp", TCP, 25, 25, EXT)),
					 RULES(RULE("mta", "smtp", TCP, 25, 25, VPN)));

	assert_int_equal(changes.count, 1);
	assert_int_equal(changes.list[0].opened, VPN);
	assert_int_equal(changes.list[0].closed, EXT);
	changes_free(&changes);
}

static void shortened_range_closes_only_its_tail(void **state)
{
	struct changes changes = compare(RULES(RULE("video", "rtp", UDP, 20000, 40000, EXT)),
					 RULES(RULE("video", "rtp", UDP, 20000, 30000, EXT)));

	assert_int_equal(changes.count, 1);
	assert_change(&changes.list[0], UDP, 30001, 40000);
	assert_int_equal(changes.list[0].closed, EXT);
	changes_free(&changes);
}

static void hole_inside_a_range_belongs_to_the_narrow_rule(void **state)
{
	const struct rule *range = RULE("video", "rtp", TCP, 100, 200, INT);
	const struct rule *single = RULE("mta", "smtp", TCP, 150, 150, EXT);
	struct changes changes = compare(RULES(range), RULES(range, single));

	/* 150 keeps the range's zone, and gains that of the single port. */
	assert_int_equal(changes.count, 1);
	assert_int_equal(changes.unchanged, 1);
	assert_change(&changes.list[0], TCP, 150, 150);
	assert_int_equal(changes.list[0].opened, EXT);
	assert_int_equal(changes.list[0].closed, 0);
	assert_ptr_equal(changes.list[0].after, single);
	changes_free(&changes);
}

static void port_that_moves_to_another_role_neither_opens_nor_closes(void **state)
{
	struct changes changes = compare(RULES(RULE("mta", "smtp", TCP, 25, 25, EXT)),
					 RULES(RULE("node", "relay", TCP, 25, 25, EXT)));

	assert_int_equal(changes.count, 1);
	assert_int_equal(changes.unchanged, 0);
	assert_int_equal(changes.list[0].opened | changes.list[0].closed, 0);
	assert_string_equal(changes.list[0].before->role, "mta");
	assert_string_equal(changes.list[0].after->role, "node");
	changes_free(&changes);
}

static void protocols_are_told_apart(void **state)
{
	struct changes changes = compare(RULES(RULE("mesh", "gossip", TCP, 8301, 8301, INT)),
					 RULES(RULE("mesh", "gossip", UDP, 8301, 8301, INT)));

	assert_int_equal(changes.count, 2);
	assert_change(&changes.list[0], TCP, 8301, 8301);
	assert_int_equal(changes.list[0].closed, INT);
	assert_change(&changes.list[1], UDP, 8301, 8301);
	assert_int_equal(changes.list[1].opened, INT);
	changes_free(&changes);
}

static void last_tcp_and_first_udp_port_are_not_neighbours(void **state)
{
	struct changes changes = compare(NO_RULES, RULES(RULE("node", "a", TCP, 65535, 65535, INT),
							 RULE("node", "a", UDP, 0, 0, INT)));

	assert_int_equal(changes.count, 2);
	changes_free(&changes);
}

static void origin_alone_is_no_change(void **state)
{
	struct rule before = *RULE("mta", "smtp", TCP, 25, 25, EXT);
	struct changes changes;

	strcpy(before.origin, "elsewhere.json:99");
	changes = compare(RULES(&before), RULES(RULE("mta", "smtp", TCP, 25, 25, EXT)));
	assert_int_equal(changes.count, 0);
	assert_int_equal(changes.unchanged, 1);
	changes_free(&changes);
}

static void interfaces_that_come_go_and_change_zone_are_named(void **state)
{
	const struct interface_zone before[] = {{"eth0", EXT, 0, 0},
						{"eth1", INT, 0, 0},
						{"eth2", INT, 0, 0},
						{"eth3", INT, CHOICE_TC, 0},
						{"eth4", INT, 0, SHIELD_OFF}};
	const struct interface_zone after[] = {{"eth0", EXT, 0, 0},
					       {"eth2", VPN, 0, 0},
					       {"wg0", VPN, 0, 0},
					       {"eth3", INT, CHOICE_XDP, 0},
					       {"eth4", INT, 0, SHIELD_ON}};
	struct interface_changes changes;

	assert_int_equal(interfaces_compare(&(struct interface_list){before, 5},
					    &(struct interface_list){after, 5}, &changes),
			 0);
	assert_int_equal(changes.count, 5);
	assert_string_equal(changes.list[3].name, "eth4");
	assert_int_equal(changes.list[3].shield_before, SHIELD_OFF);
	assert_int_equal(changes.list[3].shield_after, SHIELD_ON);
	assert_string_equal(changes.list[2].name, "eth3");
	assert_int_equal(changes.list[2].hook_before, CHOICE_TC);
	assert_int_equal(changes.list[2].hook_after, CHOICE_XDP);
	assert_string_equal(changes.list[0].name, "eth2");
	assert_int_equal(changes.list[0].before, INT);
	assert_int_equal(changes.list[0].after, VPN);
	assert_string_equal(changes.list[1].name, "wg0");
	assert_int_equal(changes.list[1].before, 0);
	assert_string_equal(changes.list[4].name, "eth1");
	assert_int_equal(changes.list[4].after, 0);
	interface_changes_free(&changes);
}

static void owner_of_a_port_is_the_narrowest_rule(void **state)
{
	const struct rule *wide = RULE("video", "rtp", UDP, 1, 65535, INT);
	const struct rule *narrow = RULE("node", "range", UDP, 65000, 65535, VPN);
	struct owner *owners = owners_new((const struct rule *const[]){wide, narrow}, 2);

	assert_non_null(owners);
	assert_ptr_equal(owners[owner_index(UDP, 64999)].rule, wide);
	assert_int_equal(owners[owner_index(UDP, 64999)].zones, INT);
	assert_ptr_equal(owners[owner_index(UDP, 65535)].rule, narrow);
	assert_int_equal(owners[owner_index(UDP, 65535)].zones, INT | VPN);
	assert_null(owners[owner_index(UDP, 0)].rule);
	assert_null(owners[owner_index(TCP, 65535)].rule);
	free(owners);
}

static struct prefix prefix_v4(uint8_t last, uint8_t bits_of_it, uint16_t zones)
{
	return (struct prefix){
		.source = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = last},
		.length = 96 + bits_of_it,
		.bits = zones,
	};
}

static void sources_are_compared_by_interface_and_prefix(void **state)
{
	const struct prefix kept = prefix_v4(0, 25, INT), wider = prefix_v4(0, 24, INT);
	const struct prefix gone = prefix_v4(128, 25, INT), turned = prefix_v4(128, 25, VPN);
	struct prefix_list before = {0}, after = {0};
	struct prefix_changes changes;

	prefix_list_add(&before, "eth1", &gone);
	prefix_list_add(&before, "eth0", &gone);
	prefix_list_add(&before, "eth0", &kept);
	prefix_list_add(&after, "eth0", &turned);
	prefix_list_add(&after, "eth0", &kept);
	prefix_list_add(&after, "", &wider);
	assert_int_equal(prefixes_compare(&before, &after, &changes), 0);
	assert_int_equal(changes.count, 3);
	assert_string_equal(changes.list[0].interface, "");
	assert_int_equal(changes.list[0].length, 96 + 24);
	assert_int_equal(changes.list[0].before, 0);
	assert_int_equal(changes.list[0].after, INT);
	assert_string_equal(changes.list[1].interface, "eth0");
	assert_int_equal(changes.list[1].source[15], 128);
	assert_int_equal(changes.list[1].before, INT);
	assert_int_equal(changes.list[1].after, VPN);
	assert_string_equal(changes.list[2].interface, "eth1");
	assert_int_equal(changes.list[2].after, 0);
	prefix_changes_free(&changes);
	prefix_list_free(&before);
	prefix_list_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_compared_by_interface_and_prefix),
		cmocka_unit_test(equal_policies_do_not_differ),
		cmocka_unit_test(first_policy_opens_everything),
		cmocka_unit_test(removed_rule_closes_its_ports),
		cmocka_unit_test(narrowed_rule_closes_only_the_zone_it_lost),
		cmocka_unit_test(one_zone_may_open_while_another_closes),
		cmocka_unit_test(shortened_range_closes_only_its_tail),
		cmocka_unit_test(hole_inside_a_range_belongs_to_the_narrow_rule),
		cmocka_unit_test(port_that_moves_to_another_role_neither_opens_nor_closes),
		cmocka_unit_test(protocols_are_told_apart),
		cmocka_unit_test(last_tcp_and_first_udp_port_are_not_neighbours),
		cmocka_unit_test(origin_alone_is_no_change),
		cmocka_unit_test(interfaces_that_come_go_and_change_zone_are_named),
		cmocka_unit_test(owner_of_a_port_is_the_narrowest_rule),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}

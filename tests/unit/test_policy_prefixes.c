/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a longest-prefix match on the finished prefixes answers is what the node file says: the zone
 * of the longest zone prefix of the same family, and management wherever a management prefix is.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/build.h"
#include "policy/prefixes.h"
#include "util/array.h"

#define ROUNDS	  2000
#define ADDRESSES 50

static const uint8_t zones[] = {RW_ZONE_EXTERNAL, RW_ZONE_INTERNAL, RW_ZONE_VPN};

/* A small tree, so that prefixes contain one another often: few bits differ. */
static struct cidr random_cidr(bool ipv4, bool address)
{
	struct cidr cidr = {.length = ipv4 ? 96 : 0};
	int bits = rand() % 7;

	if (ipv4)
		memset(cidr.source + 10, 0xff, 2);
	for (int i = 0; i < (address ? 8 : bits); i++)
		cidr.source[ipv4 ? 12 : 0] |= (rand() & 1) << (7 - i);
	cidr.length += bits;
	/* At times the part of IPv6 that the disguise of IPv4 lies in. */
	if (!ipv4 && rand() % 3 == 0) {
		memset(cidr.source, 0, sizeof(cidr.source));
		cidr.length = rand() % 81;
	}
	if (address)
		cidr.length = 128;
	return cidr;
}

static bool cidr_is_in(const struct cidr *outer, const struct cidr *inner)
{
	return cidr_is_ipv4(outer->source, outer->length) ==
		       cidr_is_ipv4(inner->source, inner->length) &&
	       cidr_covers(outer, inner);
}

/* The definition, word by word. */
static uint8_t bits_expected(const struct source_list *sources,
			     const struct source_list *management, uint8_t zone,
			     const struct cidr *address)
{
	int longest = -1;
	uint8_t bits = 0;

	for (size_t i = 0; i < management->count; i++)
		if (cidr_is_in(&management->list[i].cidr, address))
			bits = RW_ZONE_MANAGEMENT;
	for (size_t i = 0; i < sources->count; i++) {
		const struct source_model *source = &sources->list[i];

		if (source->cidr.length <= longest || !cidr_is_in(&source->cidr, address))
			continue;
		longest = source->cidr.length;
		zone = source->zone;
	}
	return bits | zone;
}

/* What the kernel does: families mean nothing to a trie. */
static uint8_t bits_matched(const struct prefix *prefixes, size_t count, uint8_t zone,
			    const struct cidr *address)
{
	uint8_t bits = zone;
	int longest = -1;

	for (size_t i = 0; i < count; i++) {
		struct cidr cidr = {.length = prefixes[i].length};

		memcpy(cidr.source, prefixes[i].source, sizeof(cidr.source));
		if (prefixes[i].length <= longest || !cidr_covers(&cidr, address))
			continue;
		longest = prefixes[i].length;
		bits = prefixes[i].bits;
	}
	return bits;
}

static void source_add(struct source_list *list, uint8_t zone)
{
	struct source_model source = {.cidr = random_cidr(rand() % 2, false), .zone = zone};
	struct source_model *slot;

	for (size_t i = 0; zone && i < list->count; i++)
		if (!cidr_compare(&list->list[i].cidr, &source.cidr))
			return;
	slot = array_append(&list->list, &list->count, sizeof(*slot));
	assert_non_null(slot);
	*slot = source;
}

static void prefixes_check(const struct interface *interface, const struct node_model *node)
{
	for (size_t i = 1; i < interface->prefix_count; i++) {
		int order = memcmp(interface->prefixes[i - 1].source, interface->prefixes[i].source,
				   16);

		assert_true(order < 0 || (!order && interface->prefixes[i - 1].length <
							    interface->prefixes[i].length));
	}
	for (int i = 0; i < ADDRESSES; i++) {
		struct cidr address = random_cidr(i % 2, true);

		assert_int_equal(bits_matched(interface->prefixes, interface->prefix_count,
					      interface->zone, &address),
				 bits_expected(&node->interfaces[0].sources, &node->management,
					       interface->zone, &address));
	}
}

static void random_prefixes_mean_what_they_say(void **state)
{
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct interface_model interface = {.name = "eth0", .zone = zones[rand() % 3]};
		struct node_model node = {.interfaces = &interface, .interface_count = 1};
		struct tables tables = {0};

		for (int i = rand() % 12; i > 0; i--)
			source_add(&interface.sources, zones[rand() % 3]);
		for (int i = rand() % 6; i > 0; i--)
			source_add(&node.management, 0);
		assert_int_equal(tables_add_interfaces(&tables, &node, NULL, NULL), 0);
		assert_int_equal(tables.interface_count, 1);
		prefixes_check(&tables.interfaces[0], &node);
		tables_free(&tables);
		free(interface.sources.list);
		free(node.management.list);
	}
}

/* An interface that is not listed is external, and knows management sources all the same. */
static void elsewhere_is_external_with_management(void **state)
{
	struct source_model source = {0};
	struct node_model node = {.management = {&source, 1}};
	struct tables tables = {0};

	assert_int_equal(cidr_parse("192.0.2.0/24", &source.cidr, NULL), 0);
	assert_int_equal(tables_add_interfaces(&tables, &node, NULL, NULL), 0);
	assert_int_equal(tables.elsewhere_count, 1);
	assert_int_equal(tables.elsewhere[0].bits, RW_ZONE_EXTERNAL | RW_ZONE_MANAGEMENT);
	assert_int_equal(tables.elsewhere[0].length, 96 + 24);
	tables_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_prefixes_mean_what_they_say),
		cmocka_unit_test(elsewhere_is_external_with_management),
	};

	return cmocka_run_group_tests_name("policy prefixes", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a longest-prefix match on the finished prefixes answers is what the node file says: the zone
 * of the longest zone prefix of the same family, management wherever a management prefix is, and a
 * set wherever one of its prefixes is, on the interfaces that it may come by.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tables/admit.h"
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

static bool list_has(const struct source_list *list, const struct cidr *address)
{
	for (size_t i = 0; i < list->count; i++)
		if (cidr_is_in(&list->list[i].cidr, address))
			return true;
	return false;
}

static bool is_on(const struct set_model *set, const char *interface)
{
	for (size_t i = 0; i < set->on_count; i++)
		if (!strcmp(set->on[i].name, interface))
			return true;
	return !set->has_on;
}

/* The definition, word by word. `sources` is NULL on an interface that is not listed. */
static uint64_t bits_expected(const struct node_model *node, const char *interface,
			      const struct source_list *sources, uint8_t zone,
			      const struct cidr *address)
{
	uint64_t bits = list_has(&node->management, address) ? RW_ZONE_MANAGEMENT : 0;
	int longest = -1;

	for (size_t i = 0; i < node->sets.count; i++)
		if (is_on(&node->sets.list[i], interface) &&
		    list_has(&node->sets.list[i].sources, address))
			bits |= RW_ZONE_SET(i);
	for (size_t i = 0; sources && i < sources->count; i++) {
		const struct source_model *source = &sources->list[i];

		if (source->cidr.length <= longest || !cidr_is_in(&source->cidr, address))
			continue;
		longest = source->cidr.length;
		zone = source->zone;
	}
	return bits | zone;
}

/* What the kernel does: families mean nothing to a trie. */
static uint64_t bits_matched(const struct tables *tables, const struct interface *interface,
			     uint64_t sets, uint8_t zone, const struct cidr *address)
{
	bool own = interface && interface->prefix_count;
	const struct prefix *prefixes = own ? interface->prefixes : tables->elsewhere;
	size_t count = own ? interface->prefix_count : tables->elsewhere_count;
	uint64_t bits = 0;
	int longest = -1;

	for (size_t i = 0; i < count; i++) {
		struct cidr cidr = {.length = prefixes[i].length};

		memcpy(cidr.source, prefixes[i].source, sizeof(cidr.source));
		if (prefixes[i].length <= longest || !cidr_covers(&cidr, address))
			continue;
		longest = prefixes[i].length;
		bits = prefixes[i].bits;
	}
	bits &= sets | ~RW_ZONE_SETS;
	return bits & RW_ZONE_ALL ? bits : bits | zone;
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

static void order_check(const struct prefix *prefixes, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		int order = memcmp(prefixes[i - 1].source, prefixes[i].source, 16);

		assert_true(order < 0 || (!order && prefixes[i - 1].length < prefixes[i].length));
	}
}

#define INTERFACES 3
#define SETS	   6

struct round {
	struct interface_model interfaces[INTERFACES];
	struct set_model sets[SETS];
	struct name_model on[SETS];
	struct node_model node;
	struct rule rule; /* names all sets: one that nothing names is in no list */
};

static void round_make(struct round *round)
{
	*round = (struct round){.rule.zones = RW_ZONE_SETS};
	round->node.interfaces = round->interfaces;
	round->node.interface_count = INTERFACES;
	round->node.sets.list = round->sets;
	round->node.sets.count = rand() % (SETS + 1);
	for (int i = 0; i < INTERFACES; i++) {
		snprintf(round->interfaces[i].name, IFNAMSIZ, "eth%d", i);
		round->interfaces[i].zone = zones[rand() % 3];
		for (int k = rand() % 3 ? rand() % 12 : 0; k > 0; k--)
			source_add(&round->interfaces[i].sources, zones[rand() % 3]);
	}
	for (size_t i = 0; i < round->node.sets.count; i++) {
		for (int k = rand() % 6; k > 0; k--)
			source_add(&round->sets[i].sources, 0);
		round->sets[i].has_on = rand() % 2;
		round->sets[i].on = &round->on[i];
		round->sets[i].on_count = rand() % 4 > 0;
		snprintf(round->on[i].name, IFNAMSIZ, "eth%d", rand() % INTERFACES);
		if (!round->sets[i].has_on)
			round->sets[i].on_count = 0;
	}
	for (int i = rand() % 6; i > 0; i--)
		source_add(&round->node.management, 0);
}

static void round_free(struct round *round)
{
	for (int i = 0; i < INTERFACES; i++)
		free(round->interfaces[i].sources.list);
	for (int i = 0; i < SETS; i++)
		free(round->sets[i].sources.list);
	free(round->node.management.list);
}

static void address_check(const struct round *round, const struct tables *tables,
			  const struct cidr *address)
{
	for (size_t i = 0; i < INTERFACES; i++) {
		const struct interface *interface = &tables->interfaces[i];
		uint64_t wanted =
			bits_expected(&round->node, interface->name, &round->interfaces[i].sources,
				      round->interfaces[i].zone, address);

		assert_true(bits_matched(tables, interface, interface->sets, interface->zone,
					 address) == wanted);
		assert_true(tables_zone(tables, interface->name, address->source) == wanted);
	}
	assert_true(bits_matched(tables, NULL, tables->elsewhere_sets, RW_ZONE_EXTERNAL, address) ==
		    bits_expected(&round->node, "eth9", NULL, RW_ZONE_EXTERNAL, address));
}

static void random_prefixes_mean_what_they_say(void **state)
{
	srand(1);
	for (int i = 0; i < ROUNDS; i++) {
		struct tables tables = {0};
		struct round round;

		round_make(&round);
		tables.rules = &round.rule;
		tables.rule_count = 1;
		assert_int_equal(tables_add_interfaces(&tables, &round.node, NULL, NULL), 0);
		assert_int_equal(tables.interface_count, INTERFACES);
		for (size_t k = 0; k < INTERFACES; k++)
			order_check(tables.interfaces[k].prefixes,
				    tables.interfaces[k].prefix_count);
		order_check(tables.elsewhere, tables.elsewhere_count);
		for (int k = 0; k < ADDRESSES; k++) {
			struct cidr address = random_cidr(k % 2, true);

			address_check(&round, &tables, &address);
		}
		tables.rules = NULL;
		tables.rule_count = 0;
		tables_free(&tables);
		round_free(&round);
	}
}

/* An interface that is not listed is external, and knows management sources all the same. */
static void elsewhere_is_external_with_management(void **state)
{
	struct source_model source = {0};
	struct node_model node = {.management = {&source, 1}};
	struct tables tables = {0};
	struct cidr inside;

	assert_int_equal(cidr_parse("192.0.2.0/24", &source.cidr, NULL), 0);
	assert_int_equal(cidr_parse("192.0.2.9", &inside, NULL), 0);
	assert_int_equal(tables_add_interfaces(&tables, &node, NULL, NULL), 0);
	assert_int_equal(tables.elsewhere_count, 1);
	assert_int_equal(tables.elsewhere[0].bits, RW_ZONE_MANAGEMENT);
	assert_int_equal(tables.elsewhere[0].length, 96 + 24);
	assert_int_equal(tables_zone(&tables, "eth7", inside.source),
			 RW_ZONE_EXTERNAL | RW_ZONE_MANAGEMENT);
	tables_free(&tables);
}

/* What opens nothing costs nothing in the kernel. */
static void a_set_that_no_rule_names_is_in_no_list(void **state)
{
	struct source_model source = {0};
	struct set_model sets[2] = {{.sources = {&source, 1}}, {.sources = {&source, 1}}};
	struct node_model node = {.sets = {.list = sets, .count = 2}};
	struct rule rule = {.zones = RW_ZONE_VPN | RW_ZONE_SET(1)};
	struct tables tables = {.rules = &rule, .rule_count = 1};

	assert_int_equal(cidr_parse("192.0.2.0/24", &source.cidr, NULL), 0);
	assert_int_equal(tables_add_interfaces(&tables, &node, NULL, NULL), 0);
	assert_int_equal(tables.elsewhere_count, 1);
	assert_true(tables.elsewhere[0].bits == RW_ZONE_SET(1));
	assert_true(tables.elsewhere[0].silent);
	tables.rule_count = 0;
	tables.rules = NULL;
	tables_free(&tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_prefixes_mean_what_they_say),
		cmocka_unit_test(elsewhere_is_external_with_management),
		cmocka_unit_test(a_set_that_no_rule_names_is_in_no_list),
	};

	return cmocka_run_group_tests_name("policy prefixes", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* compare.c - what differs between two policies. */
#include "tables/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tables.h"
#include "tables/set_compare.h"
#include "util/array.h"
#include "util/cleanup.h"

static int compare_numbers(unsigned int left, unsigned int right)
{
	return (left > right) - (left < right);
}

/* The order of tables.h, which is also the identity of a rule. */
static int rule_order(const struct rule *left, const struct rule *right)
{
	int order = compare_numbers(left->l4, right->l4);

	if (!order)
		order = compare_numbers(left->port, right->port);
	if (!order)
		order = compare_numbers(left->port_end, right->port_end);
	if (!order)
		order = strcmp(left->role, right->role);
	if (!order)
		order = strcmp(left->service, right->service);
	return order;
}

/* The bits that the sets of one policy have in the other. */
struct both_ways {
	struct set_translation to_after;
	struct set_translation to_before;
};

static bool has_same_zones(const struct both_ways *sets, uint64_t before, uint64_t after)
{
	return zones_translate(&sets->to_after, before) == after &&
	       zones_translate(&sets->to_before, after) == before;
}

static size_t rules_unchanged(const struct both_ways *sets, const struct rule_list *before,
			      const struct rule_list *after)
{
	size_t unchanged = 0;

	for (size_t b = 0, a = 0; b < before->count && a < after->count;) {
		int order = rule_order(before->rules[b], after->rules[a]);

		if (!order)
			unchanged +=
				has_same_zones(sets, before->rules[b]->zones,
					       after->rules[a]->zones) &&
				!strcmp(before->rules[b]->peers, after->rules[a]->peers) &&
				limit_is_same(&before->rules[b]->limit, &after->rules[a]->limit);
		b += order <= 0;
		a += order >= 0;
	}
	return unchanged;
}

static bool is_moved(const struct owner *before, const struct owner *after)
{
	return before->rule && after->rule &&
	       (strcmp(before->rule->role, after->rule->role) ||
		strcmp(before->rule->service, after->rule->service));
}

/* The port's change in `ret`, or false: it stays as it is. */
static bool port_compare(const struct both_ways *sets, const struct owner *before,
			 const struct owner *after, struct change *ret)
{
	uint64_t was = zones_translate(&sets->to_after, before->zones);
	uint64_t will = zones_translate(&sets->to_before, after->zones);

	*ret = (struct change){
		.opened = after->zones & ~was & ~RW_ZONE_NOBODY,
		.closed = before->zones & ~will & ~RW_ZONE_NOBODY,
		.before = before->rule,
		.after = after->rule,
	};
	return ret->opened || ret->closed || is_moved(before, after);
}

static bool is_continued(const struct change *last, const struct change *next)
{
	return last->l4 == next->l4 && last->port_end + 1 == next->port &&
	       last->opened == next->opened && last->closed == next->closed &&
	       last->before == next->before && last->after == next->after;
}

static int change_add(struct changes *changes, const struct change *change)
{
	struct change *added;

	if (changes->count && is_continued(&changes->list[changes->count - 1], change)) {
		changes->list[changes->count - 1].port_end = change->port;
		return 0;
	}
	added = array_append(&changes->list, &changes->count, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = *change;
	return 0;
}

int rules_compare(const struct rule_list *before, const struct rule_list *after,
		  struct changes *ret)
{
	_cleanup_(changes_free) struct changes changes = {0};
	_free_ struct owner *old = owners_new(before->rules, before->count);
	_free_ struct owner *new = owners_new(after->rules, after->count);
	struct both_ways sets;
	struct change change;

	sets_translate(before->tables, after->tables, &sets.to_after);
	sets_translate(after->tables, before->tables, &sets.to_before);
	if (!old || !new)
		return -ENOMEM;
	for (size_t i = 0; i < OWNERS_COUNT; i++) {
		if (!port_compare(&sets, &old[i], &new[i], &change))
			continue;
		change.l4 = i >> 16;
		change.port = change.port_end = i & 0xffff;
		if (change_add(&changes, &change))
			return -ENOMEM;
	}
	changes.unchanged = rules_unchanged(&sets, before, after);
	changes.before = before->tables;
	changes.after = after->tables;
	*ret = changes;
	changes = (struct changes){0};
	return 0;
}

/* One that is not listed has zone 0. */
static struct interface_zone interface_find(const struct interface_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->interfaces[i].name, name))
			return list->interfaces[i];
	return (struct interface_zone){.name = name};
}

int interfaces_compare(const struct interface_list *before, const struct interface_list *after,
		       struct interface_changes *ret)
{
	struct interface_changes changes = {0};

	changes.list = calloc(before->count + after->count + 1, sizeof(*changes.list));
	if (!changes.list)
		return -ENOMEM;
	for (size_t i = 0; i < after->count; i++) {
		const struct interface_zone *now = &after->interfaces[i];
		struct interface_zone then = interface_find(before, now->name);

		if (then.zone != now->zone || then.hook != now->hook || then.shield != now->shield)
			changes.list[changes.count++] = (struct interface_change){
				now->name, then.zone,	now->zone,  then.hook,
				now->hook, then.shield, now->shield};
	}
	for (size_t i = 0; i < before->count; i++) {
		const struct interface_zone *then = &before->interfaces[i];

		if (!interface_find(after, then->name).zone)
			changes.list[changes.count++] = (struct interface_change){
				then->name,  then->zone,   0,	       then->hook,
				CHOICE_AUTO, then->shield, SHIELD_AUTO};
	}
	*ret = changes;
	return 0;
}

static int prefix_order(const void *left, const void *right)
{
	const struct interface_prefix *a = left, *b = right;
	int order = strcmp(a->interface, b->interface);

	if (!order)
		order = memcmp(a->prefix.source, b->prefix.source, sizeof(a->prefix.source));
	return order ? order : compare_numbers(a->prefix.length, b->prefix.length);
}

/* One of the two may be NULL: nothing is said there. */
static int prefix_change_add(struct prefix_changes *changes, const struct interface_prefix *before,
			     const struct interface_prefix *after)
{
	const struct interface_prefix *either = before ? before : after;
	uint64_t old = before ? before->prefix.bits : 0, new = after ? after->prefix.bits : 0;
	struct prefix_change *change;

	if (old == new)
		return 0;
	change = array_append(&changes->list, &changes->count, sizeof(*change));
	if (!change)
		return -ENOMEM;
	change->interface = either->interface;
	memcpy(change->source, either->prefix.source, sizeof(change->source));
	change->length = either->prefix.length;
	change->before = old;
	change->after = new;
	return 0;
}

void prefix_list_sort(struct prefix_list *list)
{
	if (list->count)
		qsort(list->list, list->count, sizeof(*list->list), prefix_order);
}

int prefixes_compare(struct prefix_list *before, struct prefix_list *after,
		     struct prefix_changes *ret)
{
	_cleanup_(prefix_changes_free) struct prefix_changes changes = {0};
	size_t b = 0, a = 0;

	prefix_list_sort(before);
	prefix_list_sort(after);
	while (b < before->count || a < after->count) {
		int order = b == before->count	? 1
			    : a == after->count ? -1
						: prefix_order(&before->list[b], &after->list[a]);

		if (prefix_change_add(&changes, order <= 0 ? &before->list[b] : NULL,
				      order >= 0 ? &after->list[a] : NULL))
			return -ENOMEM;
		b += order <= 0;
		a += order >= 0;
	}
	*ret = changes;
	changes = (struct prefix_changes){0};
	return 0;
}

int prefix_list_add(struct prefix_list *list, const char *interface, const struct prefix *prefix)
{
	struct interface_prefix *added = array_append(&list->list, &list->count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = (struct interface_prefix){interface, *prefix};
	return 0;
}

void prefix_list_free(struct prefix_list *list)
{
	free(list->list);
	*list = (struct prefix_list){0};
}

void changes_free(struct changes *changes)
{
	free(changes->list);
	*changes = (struct changes){0};
}

void interface_changes_free(struct interface_changes *changes)
{
	free(changes->list);
	*changes = (struct interface_changes){0};
}

void prefix_changes_free(struct prefix_changes *changes)
{
	free(changes->list);
	*changes = (struct prefix_changes){0};
}

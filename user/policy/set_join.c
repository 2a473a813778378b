/* SPDX-License-Identifier: GPL-2.0 */
/* set_join.c - sets put together, and what refers to them. */
#include "policy/set_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/resolved.h"
#include "policy/set.h"
#include "policy/value.h"
#include "util/array.h"

uint64_t set_bit(const struct set_list *sets, const char *name)
{
	const struct set_model *set = set_find(sets, name);

	return set ? RW_ZONE_SET(set - sets->list) : 0;
}

static int set_add(struct set_list *sets, const struct set_model *set, struct error *ret_error)
{
	struct set_model *added;
	int r = set_append(sets, &set->at, &added, ret_error);

	if (r == 0)
		*added = *set;
	return r;
}

/* --- of the cluster --------------------------------------------------------------------------- */

static int set_take(struct node_model *node, struct set_model *set, struct error *ret_error)
{
	const struct set_model *own = set_find(&node->sets, set->name);
	char where[300];
	int r;

	if (own) {
		r = error_at(ret_error, &set->at, "the node file has a set \"%s\" of its own",
			     set->name);
		at_format(&own->at, where, sizeof(where));
		error_hint(ret_error, "that one is at %s; rename one of the two", where);
		return r;
	}
	set->of_cluster = true;
	r = set_add(&node->sets, set, ret_error);
	/* From here on they are the node's. */
	if (r == 0)
		*set = (struct set_model){.at = set->at};
	return r;
}

static int cluster_sets_take(struct node_model *node, struct error *ret_error)
{
	struct set_list *sets = &node->cluster.sets;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sets->count; i++)
		r = set_take(node, &sets->list[i], ret_error);
	return r;
}

/* --- without a name --------------------------------------------------------------------------- */

static int source_compare(const void *left, const void *right)
{
	return cidr_compare(&((const struct source_model *)left)->cidr,
			    &((const struct source_model *)right)->cidr);
}

static bool is_same(const struct source_list *a, const struct source_list *b)
{
	for (size_t i = 0; a->count == b->count && i < a->count; i++)
		if (cidr_compare(&a->list[i].cidr, &b->list[i].cidr))
			return false;
	return a->count == b->count;
}

/* Services that name the same prefixes share a set. */
static int nameless_add(struct node_model *node, struct service_model *service,
			struct error *ret_error)
{
	struct source_list *sources = &service->from_sources;
	struct set_model set = {.at = sources->list[0].at};
	int r;

	qsort(sources->list, sources->count, sizeof(*sources->list), source_compare);
	for (size_t i = 0; i < node->sets.count; i++) {
		if (node->sets.list[i].name[0] || !is_same(&node->sets.list[i].sources, sources))
			continue;
		service->sets |= RW_ZONE_SET(i);
		return 0;
	}
	set.sources = *sources;
	r = set_add(&node->sets, &set, ret_error);
	if (r < 0)
		return r;
	*sources = (struct source_list){0};
	service->sets |= RW_ZONE_SET(node->sets.count - 1);
	return 0;
}

/* --- names ------------------------------------------------------------------------------------ */

/* `zones`: a zone could have stood there, too. */
static int name_refuse(const struct set_list *sets, const struct name_model *name, bool zones,
		       struct error *ret_error)
{
	struct guess guess = guess_begin(name->name);
	int r = error_at(ret_error, &name->at, "there is no %sset \"%s\"", zones ? "zone or " : "",
			 name->name);

	for (size_t i = 0; i < sets->count; i++)
		guess_consider(&guess, sets->list[i].name);
	for (const struct word *zone = words_zones; zones && zone->word; zone++)
		guess_consider(&guess, zone->word);
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error,
			   "say under \"sets\" which sources it has, or write a prefix, like "
			   "192.0.2.0/24%s",
			   zones ? "; zones are external, internal and vpn" : "");
	return r;
}

static int names_check(const struct set_list *sets, const struct name_model *names, size_t count,
		       struct error *ret_error)
{
	for (size_t i = 0; i < count; i++)
		if (!set_find(sets, names[i].name))
			return name_refuse(sets, &names[i], false, ret_error);
	return 0;
}

static int service_join(struct node_model *node, struct service_model *service,
			struct error *ret_error)
{
	for (size_t i = 0; i < service->from_set_count; i++) {
		uint64_t bit = set_bit(&node->sets, service->from_sets[i].name);

		if (!bit)
			return name_refuse(&node->sets, &service->from_sets[i], true, ret_error);
		service->sets |= bit;
	}
	return service->from_sources.count ? nameless_add(node, service, ret_error) : 0;
}

static bool is_listed(const struct node_model *node, const char *interface)
{
	for (size_t i = 0; i < node->interface_count; i++)
		if (!strcmp(node->interfaces[i].name, interface))
			return true;
	return false;
}

/* Nodes of a cluster share its sets, but not the names of their interfaces. */
static int on_check(const struct node_model *node, const struct set_model *set,
		    struct error *ret_error)
{
	for (size_t i = 0; !set->of_cluster && i < set->on_count; i++) {
		struct guess guess = guess_begin(set->on[i].name);
		int r;

		if (is_listed(node, set->on[i].name))
			continue;
		r = error_at(ret_error, &set->on[i].at, "no interface \"%s\" is listed",
			     set->on[i].name);
		for (size_t k = 0; k < node->interface_count; k++)
			guess_consider(&guess, node->interfaces[k].name);
		if (!error_hint_guess(ret_error, &guess))
			error_hint(ret_error, "list it under \"interfaces\", with its zone");
		return r;
	}
	return 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int sources_count_check(const struct set_list *sets, struct error *ret_error)
{
	size_t count = 0;

	for (size_t i = 0; i < sets->count; i++) {
		const struct source_list *sources = &sets->list[i].sources;
		int r;

		count += sources->count;
		if (count <= RW_SET_SOURCES)
			continue;
		r = error_at(ret_error,
			     &sources->list[sources->count - (count - RW_SET_SOURCES)].at,
			     "this is one more than the %d prefixes that all sets can have",
			     RW_SET_SOURCES);
		error_hint(ret_error, "a wider prefix can stand for many; what is only to be "
				      "refused is better banned: 'rolewall bans --import'");
		return r;
	}
	return 0;
}

int node_join_sets(struct node_model *node, const char *resolved_dir, struct error *ret_error)
{
	const struct set_list *sets = &node->sets;
	int r = cluster_sets_take(node, ret_error);

	if (r == 0)
		r = resolved_read(resolved_dir, &node->sets, ret_error);
	for (size_t i = 0; r == 0 && i < sets->count; i++)
		r = on_check(node, &sets->list[i], ret_error);
	if (r == 0)
		r = names_check(sets, node->management_sets, node->management_set_count, ret_error);
	if (r == 0)
		r = names_check(sets, node->never_ban_sets, node->never_ban_set_count, ret_error);
	for (size_t i = 0; r == 0 && i < node->service_count; i++)
		r = service_join(node, &node->services[i], ret_error);
	return r == 0 ? sources_count_check(sets, ret_error) : r;
}

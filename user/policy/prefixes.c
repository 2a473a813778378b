/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prefixes.c - source prefixes of zones, of management and of sets -> lists for a trie.
 *
 * A trie answers with its longest match alone, so each entry has to carry everything that holds
 * for it: the zone of the longest zone prefix that contains it, the management bit if any
 * management prefix does, and the bit of each set that has a prefix around it. Sorted by (source,
 * length), a prefix stands behind all that contain it, so one pass with a stack of the containing
 * ones is enough. What is folded already can be folded again.
 *
 * Where nothing is said of the zone it is the interface's, and the entry has none. So interfaces
 * that have no sources of their own share one list with those that are not listed, whatever their
 * zones; which sets may come by an interface is a mask of its own.
 */
#include "policy/prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cluster.h"
#include "policy/flows.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"

#define DEPTH_MAX 130 /* prefixes of length 0 .. 128, one inside the other */

/* The prefix of all of IPv4, as it stands in the 16 bytes. */
static const struct cidr ipv4_all = {.source = {[10] = 0xff, [11] = 0xff}, .length = 96};

/* A prefix and what is said of it; after folding, what holds in it. */
struct entry {
	struct cidr cidr;
	uint16_t zone;	     /* RW_ZONE_*, with the roles of a peer; 0: nothing is said */
	bool silent;	     /* nothing is said of zone and management */
	uint64_t more;	     /* RW_ZONE_MANAGEMENT and RW_ZONE_SET() */
	const struct at *at; /* of an entry with a zone, unless no other has its prefix; borrowed */
};

struct entries {
	struct entry *list; /* owned */
	size_t count;
};

static void entries_free(struct entries *entries)
{
	free(entries->list);
}

static int entries_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = cidr_compare(&a->cidr, &b->cidr);

	/* Equal ones: those that name a zone first, and these in the order of the text. */
	if (order)
		return order;
	if (!a->zone || !b->zone)
		return !a->zone - !b->zone;
	return a->at->offset < b->at->offset ? -1 : a->at->offset > b->at->offset;
}

static int entries_append(struct entries *entries, const struct entry *entry)
{
	struct entry *added = array_append(&entries->list, &entries->count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = *entry;
	return 0;
}

static bool is_ipv4(const struct cidr *cidr)
{
	return cidr_is_ipv4(cidr->source, cidr->length);
}

/*
 * In the trie ::/0 contains the whole of IPv4; to its author it does not. An entry for all of IPv4
 * keeps the two apart.
 */
static int entries_part_families(struct entries *entries)
{
	bool spans = false;

	for (size_t i = 0; i < entries->count; i++)
		spans = spans || (!is_ipv4(&entries->list[i].cidr) &&
				  cidr_covers(&entries->list[i].cidr, &ipv4_all));
	return spans ? entries_append(entries, &(struct entry){.cidr = ipv4_all, .silent = true})
		     : 0;
}

static int zones_refuse(const struct entry *first, const struct entry *second,
			struct error *ret_error)
{
	char text[CIDR_TEXT_MAX], where[300];
	int r;

	cidr_format(first->cidr.source, first->cidr.length, text);
	at_format(first->at, where, sizeof(where));
	r = error_at(ret_error, second->at,
		     "%s cannot be in the zone %s and in the zone %s of one interface", text,
		     word_of(words_zones, first->zone & RW_ZONE_ALL),
		     word_of(words_zones, second->zone & RW_ZONE_ALL));
	error_hint(ret_error, "the other one is at %s; keep one of the two", where);
	return r;
}

/* Make one of those that name the same prefix. The entries are sorted. */
static int entries_unite(struct entries *entries, struct error *ret_error)
{
	struct entry *last = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->list[i];

		if (!last || cidr_compare(&last->cidr, &entry->cidr)) {
			last = &entries->list[kept++];
			*last = *entry;
			continue;
		}
		if (entry->zone && (entry->zone & RW_ZONE_ALL) != (last->zone & RW_ZONE_ALL))
			return zones_refuse(last, entry, ret_error);
		last->zone |= entry->zone;
		last->more |= entry->more;
		last->silent &= entry->silent;
	}
	entries->count = kept;
	return 0;
}

/* Let every entry inherit from those that contain it. */
static void entries_fold(struct entries *entries)
{
	const struct entry *stack[DEPTH_MAX];
	size_t depth = 0;

	for (size_t i = 0; i < entries->count; i++) {
		struct entry *entry = &entries->list[i];
		const struct entry *outer = NULL;

		while (depth > 0 && !cidr_covers(&stack[depth - 1]->cidr, &entry->cidr))
			depth--;
		if (depth > 0 && is_ipv4(&stack[depth - 1]->cidr) == is_ipv4(&entry->cidr))
			outer = stack[depth - 1];
		if (outer && !entry->zone)
			entry->zone = outer->zone;
		if (outer)
			entry->more |= outer->more;
		stack[depth++] = entry;
	}
}

static int entries_take(const struct entries *entries, struct prefix **ret, size_t *ret_count,
			struct error *ret_error)
{
	struct prefix *prefixes;

	if (!entries->count)
		return 0;
	prefixes = calloc(entries->count, sizeof(*prefixes));
	if (!prefixes)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (size_t i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->list[i];

		memcpy(prefixes[i].source, entry->cidr.source, sizeof(prefixes[i].source));
		prefixes[i].length = entry->cidr.length;
		prefixes[i].silent = entry->silent;
		prefixes[i].bits = entry->zone | entry->more;
	}
	*ret = prefixes;
	*ret_count = entries->count;
	return 0;
}

/* From all that is said to what the trie holds. */
static int entries_finish(struct entries *entries, struct prefix **ret, size_t *ret_count,
			  struct error *ret_error)
{
	int r;

	if (entries_part_families(entries) < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (entries->count)
		qsort(entries->list, entries->count, sizeof(*entries->list), entries_compare);
	r = entries_unite(entries, ret_error);
	if (r < 0)
		return r;
	entries_fold(entries);
	return entries_take(entries, ret, ret_count, ret_error);
}

/* --- zones and management --------------------------------------------------------------------- */

static int entries_add(struct entries *entries, const struct source_list *sources, uint64_t more)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sources->count; i++) {
		const struct source_model *source = &sources->list[i];
		const struct entry entry = {.cidr = source->cidr,
					    .zone = source->zone,
					    .silent = !source->zone && !(more & RW_ZONE_MANAGEMENT),
					    .more = more,
					    .at = &source->at};

		r = entries_append(entries, &entry);
	}
	return r;
}

/* Every address of every other node, with the bits of its roles. */
static int entries_add_peers(struct entries *entries, const struct node_model *node,
			     const struct flows_model *flows)
{
	for (size_t i = 0; i < node->cluster.node_count; i++) {
		const struct peer_model *peer = &node->cluster.nodes[i];
		size_t first = entries->count;

		if (!strcmp(peer->name, node->name))
			continue;
		if (entries_add(entries, &peer->addresses, 0) < 0)
			return -ENOMEM;
		for (size_t k = first; k < entries->count; k++)
			entries->list[k].zone =
				node->cluster.least ? flows_bits_of(flows, peer) : RW_ZONE_INTERNAL;
	}
	return 0;
}

/* Where peers come from: the internal zone is theirs, and what else is there is external. */
static bool has_peers(const struct node_model *node, const struct interface_model *interface)
{
	return node->cluster.exists &&
	       (interface->zone == RW_ZONE_INTERNAL || interface->has_cluster);
}

static uint8_t zone_of_rest(const struct node_model *node, const struct interface_model *interface)
{
	return node->cluster.exists && interface->zone == RW_ZONE_INTERNAL ? RW_ZONE_EXTERNAL
									   : interface->zone;
}

/* --- sets ------------------------------------------------------------------------------------- */

static bool is_on(const struct set_model *set, const char *interface)
{
	for (size_t i = 0; i < set->on_count; i++)
		if (!strcmp(set->on[i].name, interface))
			return true;
	return !set->has_on;
}

/* Of those that open anything; NULL: by an interface that is not listed. */
static uint64_t sets_on(const struct tables *tables, const struct node_model *node,
			const char *interface)
{
	uint64_t used = 0, on = 0;

	for (size_t i = 0; i < tables->rule_count; i++)
		used |= tables->rules[i].zones;
	for (size_t i = 0; i < node->sets.count; i++)
		if (interface ? is_on(&node->sets.list[i], interface) : !node->sets.list[i].has_on)
			on |= RW_ZONE_SET(i);
	return used & on;
}

static int entries_add_sets(struct entries *entries, const struct node_model *node, uint64_t sets)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->sets.count; i++)
		if (sets & RW_ZONE_SET(i))
			r = entries_add(entries, &node->sets.list[i].sources, RW_ZONE_SET(i));
	return r;
}

/* --- interfaces ------------------------------------------------------------------------------- */

static bool has_own_sources(const struct interface_model *model, const struct node_model *node)
{
	return model->sources.count || has_peers(node, model);
}

static int own_list_build(const struct interface_model *model, const struct node_model *node,
			  const struct flows_model *flows, struct interface *ret,
			  struct error *ret_error)
{
	_cleanup_(entries_free) struct entries entries = {0};

	if (entries_add(&entries, &model->sources, 0) < 0 ||
	    entries_add(&entries, &node->management, RW_ZONE_MANAGEMENT) < 0 ||
	    entries_add_sets(&entries, node, ret->sets) < 0 ||
	    (has_peers(node, model) && entries_add_peers(&entries, node, flows) < 0))
		return error_set(ret_error, ENOMEM, "out of memory");
	return entries_finish(&entries, &ret->prefixes, &ret->prefix_count, ret_error);
}

/* `ret` has its name and its sets already. */
static int interface_build(const struct interface_model *model, const struct node_model *node,
			   const struct flows_model *flows, struct interface *ret,
			   struct error *ret_error)
{
	ret->zone = zone_of_rest(node, model);
	ret->hook = model->hook;
	ret->shield = model->shield;
	ret->accepts = (RW_ACCEPTS_RA | RW_ACCEPTS_DHCP) & ~model->refuses;
	/* Inside, and in the VPN, they are trusted. */
	if (model->zone == RW_ZONE_EXTERNAL)
		ret->if_used = ret->accepts & ~model->insists;
	return has_own_sources(model, node) ? own_list_build(model, node, flows, ret, ret_error)
					    : 0;
}

/*
 * Management sources and sets, for the interfaces that have no list of their own. Those that are
 * not listed are external, and management sources may come that way.
 */
static int elsewhere_build(struct tables *tables, const struct node_model *node,
			   struct error *ret_error)
{
	_cleanup_(entries_free) struct entries entries = {0};
	uint64_t sets;

	tables->elsewhere_sets = sets = sets_on(tables, node, NULL);
	for (size_t i = 0; i < tables->interface_count; i++)
		if (!tables->interfaces[i].prefix_count)
			sets |= tables->interfaces[i].sets;
	if (entries_add(&entries, &node->management, RW_ZONE_MANAGEMENT) < 0 ||
	    entries_add_sets(&entries, node, sets) < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	return entries_finish(&entries, &tables->elsewhere, &tables->elsewhere_count, ret_error);
}

static int prefix_count_check(const struct tables *tables, const struct node_model *node,
			      struct error *ret_error)
{
	size_t count = tables->elsewhere_count;
	struct at at;
	int r;

	for (size_t i = 0; i < tables->interface_count; i++)
		count += tables->interfaces[i].prefix_count;
	if (count <= RW_PREFIXES)
		return 0;
	at = at_value(node->document, 0);
	r = error_at(ret_error, &at, "%zu source prefixes are more than the %d that fit", count,
		     RW_PREFIXES);
	error_hint(ret_error, "management sources, and those of sets, count once for each "
			      "interface that has sources of its own, and once more");
	return r;
}

int tables_add_interfaces(struct tables *tables, const struct node_model *node,
			  const struct flows_model *flows, struct error *ret_error)
{
	int r;

	for (size_t i = 0; i < node->interface_count; i++) {
		struct interface *interface;

		interface = array_append(&tables->interfaces, &tables->interface_count,
					 sizeof(*interface));
		if (!interface)
			return error_set(ret_error, ENOMEM, "out of memory");
		memcpy(interface->name, node->interfaces[i].name, sizeof(interface->name));
		interface->sets = sets_on(tables, node, interface->name);
		r = interface_build(&node->interfaces[i], node, flows, interface, ret_error);
		if (r < 0)
			return r;
	}
	r = elsewhere_build(tables, node, ret_error);
	if (r < 0)
		return r;
	return prefix_count_check(tables, node, ret_error);
}

/* --- once more, of tables alone --------------------------------------------------------------- */

/* What is said of zones and management stays as it is; sets are said anew. */
static int entries_add_kept(struct entries *entries, const struct prefix *prefixes, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		uint64_t bits = prefixes[i].bits & ~RW_ZONE_SETS;
		struct entry entry = {.zone = (uint16_t)(bits & ~RW_ZONE_MANAGEMENT),
				      .more = bits & RW_ZONE_MANAGEMENT};

		if (prefixes[i].silent)
			continue;
		memcpy(entry.cidr.source, prefixes[i].source, sizeof(entry.cidr.source));
		entry.cidr.length = prefixes[i].length;
		r = entries_append(entries, &entry);
	}
	return r;
}

static int entries_add_sources(struct entries *entries, const struct tables *tables, uint64_t sets)
{
	int r = 0;

	for (size_t i = 0; i < tables->set_count; i++) {
		const struct set *set = &tables->sets[i];

		for (size_t k = 0; r == 0 && k < set->source_count; k++) {
			struct entry entry = {.silent = true, .more = RW_ZONE_SET(i)};

			if (!(sets & RW_ZONE_SET(i)))
				break;
			memcpy(entry.cidr.source, set->sources[k].source,
			       sizeof(entry.cidr.source));
			entry.cidr.length = set->sources[k].length;
			r = entries_append(entries, &entry);
		}
	}
	return r;
}

static int list_renew(const struct tables *tables, uint64_t sets, struct prefix **list,
		      size_t *count, struct error *ret_error)
{
	_cleanup_(entries_free) struct entries entries = {0};
	struct prefix *renewed = NULL;
	size_t renewed_count = 0;
	int r;

	if (entries_add_kept(&entries, *list, *count) < 0 ||
	    entries_add_sources(&entries, tables, sets) < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = entries_finish(&entries, &renewed, &renewed_count, ret_error);
	if (r < 0)
		return r;
	free(*list);
	*list = renewed;
	*count = renewed_count;
	return 0;
}

int tables_renew_interfaces(struct tables *tables, struct error *ret_error)
{
	uint64_t sets = tables->elsewhere_sets;
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < tables->interface_count; i++) {
		struct interface *interface = &tables->interfaces[i];

		if (interface->prefix_count)
			r = list_renew(tables, interface->sets, &interface->prefixes,
				       &interface->prefix_count, ret_error);
		if (!interface->prefix_count)
			sets |= interface->sets;
		count += interface->prefix_count;
	}
	if (r == 0)
		r = list_renew(tables, sets, &tables->elsewhere, &tables->elsewhere_count,
			       ret_error);
	count += tables->elsewhere_count;
	if (r == 0 && count > RW_PREFIXES)
		return error_set(ret_error, E2BIG,
				 "%zu source prefixes are more than the %d that fit", count,
				 RW_PREFIXES);
	return r;
}

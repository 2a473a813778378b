/* SPDX-License-Identifier: GPL-2.0 */
/* never_ban.c - one list of all that is never banned. */
#include "policy/prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cidr_set.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Tags; of the same prefix the lowest wins. What names stand for is there as long as they do. */
#define OF_HOST	  0x100
#define OF_NO_USE UINT16_MAX /* it only parts the families */

/* The prefix of all of IPv4, as it stands in the 16 bytes. */
static const struct cidr ipv4_all = {.source = {[10] = 0xff, [11] = 0xff}, .length = 96};

static int set_add_sources(struct cidr_set *set, const struct source_list *sources, uint16_t why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sources->count; i++)
		if (why != RW_NEVER_BAN_PEER || sources->list[i].zone & RW_ZONE_INTERNAL)
			r = cidr_set_add(set, &sources->list[i].cidr, why);
	return r;
}

/* Internal sources of interfaces, and the other nodes of the cluster. */
static int set_add_peers(struct cidr_set *set, const struct node_model *node)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->interface_count; i++)
		r = set_add_sources(set, &node->interfaces[i].sources, RW_NEVER_BAN_PEER);
	for (size_t i = 0; r == 0 && i < node->cluster.node_count; i++)
		if (strcmp(node->cluster.nodes[i].name, node->name) != 0)
			r = set_add_sources(set, &node->cluster.nodes[i].addresses,
					    RW_NEVER_BAN_PEER);
	return r;
}

/* Sources of the sets that are never banned: all of them, or those that names stand for. */
static int set_add_named(struct cidr_set *set, const struct tables *tables, bool hosts_only)
{
	int r = 0;

	for (size_t i = 0; i < tables->set_count; i++) {
		const struct set *named = &tables->sets[i];

		for (size_t k = 0; r == 0 && named->never_ban && k < named->source_count; k++) {
			const struct set_source *source = &named->sources[k];
			struct cidr cidr = {.length = source->length};

			if (hosts_only && !source->host)
				continue;
			memcpy(cidr.source, source->source, sizeof(cidr.source));
			r = cidr_set_add(set, &cidr,
					 named->never_ban | (source->host ? OF_HOST : 0));
		}
	}
	return r;
}

/* In the trie ::/0 has the whole of IPv4 in it; to its author it has not. */
static int set_part_families(struct cidr_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct cidr *cidr = &set->list[i].cidr;

		if (cidr->length < ipv4_all.length && cidr_covers(cidr, &ipv4_all))
			return cidr_set_add(set, &ipv4_all, OF_NO_USE);
	}
	return 0;
}

static int set_take(const struct cidr_set *set, struct tables *tables)
{
	free(tables->never_ban);
	tables->never_ban_count = 0;
	tables->never_ban = calloc(set->count + 1, sizeof(*tables->never_ban));
	if (!tables->never_ban)
		return -ENOMEM;
	for (size_t i = 0; i < set->count; i++) {
		const struct cidr_item *item = &set->list[i];
		struct prefix *prefix = &tables->never_ban[i];

		memcpy(prefix->source, item->cidr.source, sizeof(prefix->source));
		prefix->length = item->cidr.length;
		prefix->silent = item->tag != OF_NO_USE && item->tag & OF_HOST;
		prefix->bits = item->tag == OF_NO_USE ? RW_NEVER_BAN_NONE : item->tag & ~OF_HOST;
	}
	tables->never_ban_count = set->count;
	return 0;
}

static int set_refuse(const struct cidr_set *set, const struct node_model *node,
		      struct error *ret_error)
{
	struct at at = at_value(node->document, 0);
	int r = error_at(ret_error, &at, "%zu prefixes that are never banned are more than %d",
			 set->count, RW_NEVER_BANS);

	error_hint(ret_error, "they are \"never_ban\", \"management\", internal sources and nodes "
			      "of the cluster");
	return r;
}

int tables_add_never_ban(struct tables *tables, const struct node_model *node,
			 struct error *ret_error)
{
	_cleanup_(cidr_set_free) struct cidr_set set = {0};
	int r = set_add_sources(&set, &node->never_ban, RW_NEVER_BAN_LISTED);

	if (r == 0)
		r = set_add_named(&set, tables, false);
	if (r == 0)
		r = set_add_sources(&set, &node->management, RW_NEVER_BAN_MANAGEMENT);
	if (r == 0)
		r = set_add_peers(&set, node);
	if (r == 0)
		r = set_part_families(&set);
	cidr_set_finish(&set);
	if (r == 0 && set.count > RW_NEVER_BANS)
		return set_refuse(&set, node, ret_error);
	if (r == 0)
		r = set_take(&set, tables);
	return r < 0 ? error_set(ret_error, -r, "out of memory") : 0;
}

int tables_renew_never_ban(struct tables *tables, struct error *ret_error)
{
	_cleanup_(cidr_set_free) struct cidr_set set = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < tables->never_ban_count; i++) {
		const struct prefix *prefix = &tables->never_ban[i];
		struct cidr cidr = {.length = prefix->length};

		if (prefix->silent)
			continue;
		memcpy(cidr.source, prefix->source, sizeof(cidr.source));
		r = cidr_set_add(&set, &cidr,
				 prefix->bits == RW_NEVER_BAN_NONE ? OF_NO_USE
								   : (uint32_t)prefix->bits);
	}
	if (r == 0)
		r = set_add_named(&set, tables, true);
	cidr_set_finish(&set);
	if (r == 0 && set.count > RW_NEVER_BANS)
		return error_set(ret_error, E2BIG,
				 "%zu prefixes that are never banned are more than %d", set.count,
				 RW_NEVER_BANS);
	if (r == 0)
		r = set_take(&set, tables);
	return r < 0 ? error_set(ret_error, -r, "out of memory") : 0;
}

bool tables_never_ban(const struct tables *tables, const uint8_t address[16])
{
	struct cidr one = {.length = 128};

	memcpy(one.source, address, sizeof(one.source));
	for (size_t i = 0; i < tables->never_ban_count; i++) {
		const struct prefix *prefix = &tables->never_ban[i];
		struct cidr cidr = {.length = prefix->length};

		memcpy(cidr.source, prefix->source, sizeof(cidr.source));
		if (prefix->bits != RW_NEVER_BAN_NONE && cidr_overlaps(&cidr, &one))
			return true;
	}
	return false;
}

const char *never_ban_words(uint64_t why)
{
	static const char *const words[] = {
		[RW_NEVER_BAN_NONE] = "not in the list",
		[RW_NEVER_BAN_MANAGEMENT] = "a management prefix",
		[RW_NEVER_BAN_PEER] = "an internal prefix: this node's peers",
		[RW_NEVER_BAN_LISTED] = "listed under \"never_ban\"",
		[RW_NEVER_BAN_RESOLVER] = "a resolver of this host",
		[RW_NEVER_BAN_GATEWAY] = "the gateway of this host",
	};

	return why < ARRAY_SIZE(words) ? words[why] : words[RW_NEVER_BAN_NONE];
}

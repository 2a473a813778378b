/* SPDX-License-Identifier: GPL-2.0 */
/* records.c - between what is computed with and what is pinned. */
#include "kernel/generation/records.h"

#include <stdio.h>
#include <string.h>

/*
 * Room for all of it on both sides: where this fails, the record grows, and RECORD_LAYOUT with it.
 */
#define SAME_ROOM(record, field, type, other)                                                      \
	_Static_assert(sizeof(((struct record *)0)->field) == sizeof(((struct type *)0)->other),   \
		       #record "." #field " is not as long as " #type "." #other)

SAME_ROOM(about_record, node, about, node);
SAME_ROOM(about_record, profile, about, profile);
SAME_ROOM(about_record, roles, about, roles);
SAME_ROOM(about_record, node_file, about, node_file);
SAME_ROOM(about_record, slots, about, slots);
SAME_ROOM(about_record, hooks, about, hooks);
SAME_ROOM(about_record, shields, about, shields);
SAME_ROOM(about_record, sets, about, sets);
SAME_ROOM(rule_record, role, rule, role);
SAME_ROOM(rule_record, service, rule, service);
SAME_ROOM(rule_record, origin, rule, origin);
SAME_ROOM(rule_record, peers, rule, peers);
SAME_ROOM(rule_record, sets, rule, sets);

/* Copy a string between buffers of one size. The bytes after its end stay zeros. */
#define COPY(to, from)                                                                             \
	do {                                                                                       \
		_Static_assert(sizeof(to) == sizeof(from), "strings of two lengths");              \
		memcpy((to), (from), strnlen((from), sizeof(from) - 1));                           \
	} while (0)

const char *about_sets_names(const struct about *about, uint64_t zones, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < RW_SETS && used < size; i++)
		if (zones & RW_ZONE_SET(i))
			used += snprintf(ret + used, size - used, "%s%s", used ? "," : "",
					 about->sets[i]);
	return ret;
}

bool about_record_is_known(const struct about_record *record)
{
	return record->layout == RECORD_LAYOUT && record->abi == RW_ABI_VERSION;
}

void about_to_record(const struct about *about, struct about_record *ret)
{
	*ret = (struct about_record){
		.layout = RECORD_LAYOUT,
		.abi = RW_ABI_VERSION,
		.applied_at = about->applied_at,
		.rule_count = about->rule_count,
		.text_size = about->text_size,
		.previous = about->previous,
	};
	COPY(ret->node, about->node);
	COPY(ret->profile, about->profile);
	COPY(ret->roles, about->roles);
	COPY(ret->node_file, about->node_file);
	for (size_t i = 0; i < RW_SLOTS; i++)
		COPY(ret->slots[i], about->slots[i]);
	memcpy(ret->hooks, about->hooks, sizeof(ret->hooks));
	memcpy(ret->shields, about->shields, sizeof(ret->shields));
	for (size_t i = 0; i < RW_SETS; i++)
		COPY(ret->sets[i], about->sets[i]);
}

void about_from_record(const struct about_record *record, struct about *ret)
{
	*ret = (struct about){
		.applied_at = record->applied_at,
		.rule_count = record->rule_count,
		.text_size = record->text_size,
		.previous = record->previous,
	};
	COPY(ret->node, record->node);
	COPY(ret->profile, record->profile);
	COPY(ret->roles, record->roles);
	COPY(ret->node_file, record->node_file);
	for (size_t i = 0; i < RW_SLOTS; i++)
		COPY(ret->slots[i], record->slots[i]);
	memcpy(ret->hooks, record->hooks, sizeof(ret->hooks));
	memcpy(ret->shields, record->shields, sizeof(ret->shields));
	for (size_t i = 0; i < RW_SETS; i++)
		COPY(ret->sets[i], record->sets[i]);
}

void rule_to_record(const struct numbered_rule *numbered, struct rule_record *ret)
{
	const struct rule *rule = &numbered->rule;

	*ret = (struct rule_record){
		.index = numbered->index,
		.port = rule->port,
		.port_end = rule->port_end,
		.zones = rule->zones,
		.l4 = rule->l4,
		.loopback = rule->loopback,
		.limit_ipv4_bits = rule->limit.ipv4_bits,
		.limit_ipv6_bits = rule->limit.ipv6_bits,
		.limit_count = rule->limit.count,
		.limit_ban = rule->limit.ban,
		.limit_seconds = rule->limit.seconds,
		.limit_burst = rule->limit.burst,
	};
	COPY(ret->role, rule->role);
	COPY(ret->service, rule->service);
	COPY(ret->origin, rule->origin);
	COPY(ret->peers, rule->peers);
	COPY(ret->sets, rule->sets);
}

void rule_from_record(const struct rule_record *record, struct numbered_rule *ret)
{
	struct rule *rule = &ret->rule;

	*ret = (struct numbered_rule){.index = record->index};
	rule->port = record->port;
	rule->port_end = record->port_end;
	rule->zones = record->zones;
	rule->l4 = record->l4;
	rule->loopback = record->loopback;
	rule->limit = (struct limit){
		.count = record->limit_count,
		.ban = record->limit_ban,
		.seconds = record->limit_seconds,
		.burst = record->limit_burst,
		.ipv4_bits = record->limit_ipv4_bits,
		.ipv6_bits = record->limit_ipv6_bits,
	};
	COPY(rule->role, record->role);
	COPY(rule->service, record->service);
	COPY(rule->origin, record->origin);
	COPY(rule->peers, record->peers);
	COPY(rule->sets, record->sets);
}

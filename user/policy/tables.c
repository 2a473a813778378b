/* SPDX-License-Identifier: GPL-2.0 */
/* tables.c - what tables own, and rules spread over the ports they cover. */
#include "policy/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hosts_free(struct set *set)
{
	for (size_t i = 0; i < set->host_count; i++)
		free(set->hosts[i].name);
	free(set->hosts);
}

static void strings_free(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void tables_free(struct tables *tables)
{
	for (size_t i = 0; i < tables->set_count; i++) {
		hosts_free(&tables->sets[i]);
		free(tables->sets[i].on);
		free(tables->sets[i].sources);
	}
	free(tables->sets);
	strings_free(tables->set_files, tables->set_file_count);
	for (size_t i = 0; i < tables->interface_count; i++)
		free(tables->interfaces[i].prefixes);
	strings_free(tables->roles, tables->role_count);
	free(tables->rules);
	free(tables->ports);
	free(tables->interfaces);
	free(tables->elsewhere);
	free(tables->never_ban);
	free(tables->text);
	*tables = (struct tables){0};
}

static void owner_add(struct owner *owner, const struct rule *rule)
{
	owner->zones |= rule->zones;
	owner->rule = rule_owner(owner->rule, rule);
}

struct owner *owners_new(const struct rule *const *rules, size_t count)
{
	struct owner *owners = calloc(OWNERS_COUNT, sizeof(*owners));

	if (!owners)
		return NULL;
	for (size_t i = 0; i < count; i++)
		/* Not uint16_t: a range may end at 65535. */
		for (unsigned int port = rules[i]->port; port <= rules[i]->port_end; port++)
			owner_add(&owners[owner_index(rules[i]->l4, port)], rules[i]);
	return owners;
}

/* --- limits ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	uint16_t seconds;
} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}};

bool limit_is_same(const struct limit *a, const struct limit *b)
{
	return a->count == b->count && a->seconds == b->seconds && a->burst == b->burst &&
	       a->ipv4_bits == b->ipv4_bits && a->ipv6_bits == b->ipv6_bits && a->ban == b->ban;
}

size_t limit_number(struct limit *kinds, size_t *count, const struct limit *limit)
{
	size_t i = 0;

	if (!limit->count)
		return 0;
	while (i < *count && !limit_is_same(&kinds[i], limit))
		i++;
	if (i == *count)
		kinds[(*count)++] = *limit;
	return i + 1;
}

const char *limit_unit(const struct limit *limit)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].seconds == limit->seconds)
			return units[i].word;
	return NULL;
}

uint16_t limit_seconds(const char *unit)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(units[i].word, unit))
			return units[i].seconds;
	return 0;
}

bool limit_is_valid(const struct limit *limit)
{
	return limit->count >= 1 && limit->count <= LIMIT_COUNT_MAX && limit_unit(limit) &&
	       limit->burst >= 1 && limit->burst <= LIMIT_BURST_MAX && limit->ipv4_bits >= 1 &&
	       limit->ipv4_bits <= LIMIT_IPV4_USUAL && limit->ipv6_bits >= 1 &&
	       limit->ipv6_bits <= LIMIT_IPV6_USUAL && limit->ban <= LIMIT_BAN_MAX;
}

/* In the largest unit that leaves no rest. */
static void duration_format(uint32_t seconds, char *ret, size_t size)
{
	if (seconds % 86400 == 0)
		snprintf(ret, size, "%ud", seconds / 86400);
	else if (seconds % 3600 == 0)
		snprintf(ret, size, "%uh", seconds / 3600);
	else if (seconds % 60 == 0)
		snprintf(ret, size, "%um", seconds / 60);
	else
		snprintf(ret, size, "%us", seconds);
}

const char *limit_format(const struct limit *limit, char ret[LIMIT_TEXT_MAX])
{
	size_t used;
	char ban[16];

	if (!limit->count)
		return strcpy(ret, LIMIT_NONE);
	used = snprintf(ret, LIMIT_TEXT_MAX, "%u/%s, burst %u", limit->count, limit_unit(limit),
			limit->burst);
	if (limit->ipv4_bits != LIMIT_IPV4_USUAL)
		used += snprintf(ret + used, LIMIT_TEXT_MAX - used, ", per /%u", limit->ipv4_bits);
	if (limit->ipv6_bits != LIMIT_IPV6_USUAL)
		used += snprintf(ret + used, LIMIT_TEXT_MAX - used, ", per /%u", limit->ipv6_bits);
	if (limit->ban) {
		duration_format(limit->ban, ban, sizeof(ban));
		snprintf(ret + used, LIMIT_TEXT_MAX - used, ", then ban %s", ban);
	}
	return ret;
}

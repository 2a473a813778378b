/* SPDX-License-Identifier: GPL-2.0 */
/* tables.c - what tables own, and rules spread over the ports they cover. */
#include "policy/tables.h"

#include <stdlib.h>

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

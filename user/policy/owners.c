/* SPDX-License-Identifier: GPL-2.0 */
/* owners.c - spread rules over the ports they cover. */
#include "policy/owners.h"

#include <stdlib.h>

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

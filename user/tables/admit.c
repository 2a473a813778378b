/* SPDX-License-Identifier: GPL-2.0 */
/* admit.c - zone of a source, then the port. */
#include "tables/admit.h"

#include <string.h>

#include "policy/cidr.h"

/* Longest prefix wins. */
static uint64_t prefixes_find(const struct prefix *prefixes, size_t count, const uint8_t source[16])
{
	struct cidr address = {.length = 128};
	uint64_t bits = 0;
	int longest = -1;

	memcpy(address.source, source, sizeof(address.source));
	for (size_t i = 0; i < count; i++) {
		struct cidr prefix = {.length = prefixes[i].length};

		memcpy(prefix.source, prefixes[i].source, sizeof(prefix.source));
		if (prefixes[i].length <= longest || !cidr_covers(&prefix, &address))
			continue;
		longest = prefixes[i].length;
		bits = prefixes[i].bits;
	}
	return bits;
}

static const struct interface *interface_find(const struct tables *tables, const char *name)
{
	for (size_t i = 0; i < tables->interface_count; i++)
		if (!strcmp(tables->interfaces[i].name, name))
			return &tables->interfaces[i];
	return NULL;
}

uint64_t tables_zone(const struct tables *tables, const char *interface, const uint8_t source[16])
{
	const struct interface *listed = interface_find(tables, interface);
	bool own = listed && listed->prefix_count;
	uint64_t bits = prefixes_find(own ? listed->prefixes : tables->elsewhere,
				      own ? listed->prefix_count : tables->elsewhere_count, source);

	bits &= (listed ? listed->sets : tables->elsewhere_sets) | ~RW_ZONE_SETS;
	if (bits & RW_ZONE_ALL)
		return bits;
	return bits | (listed ? listed->zone : RW_ZONE_EXTERNAL);
}

bool tables_admits(const struct tables *tables, const struct admission *admission)
{
	uint64_t zones = tables->ports[((size_t)admission->l4 << 16) + admission->port].zones;

	if ((tables->flags & RW_POLICY_IPV6_DROP) && !cidr_is_ipv4(admission->source, 128))
		return false;
	return zones & tables_zone(tables, admission->interface, admission->source);
}

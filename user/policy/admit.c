/* SPDX-License-Identifier: GPL-2.0 */
/* admit.c - zone of a source, then the port. */
#include "policy/admit.h"

#include <string.h>

#include "policy/cidr.h"

/* Longest prefix wins. */
static uint16_t prefixes_find(const struct prefix *prefixes, size_t count, const uint8_t source[16],
			      uint16_t otherwise)
{
	struct cidr address = {.length = 128};
	uint16_t bits = otherwise;
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

uint16_t tables_zone(const struct tables *tables, const char *interface, const uint8_t source[16])
{
	for (size_t i = 0; i < tables->interface_count; i++) {
		const struct interface *listed = &tables->interfaces[i];

		if (!strcmp(listed->name, interface))
			return prefixes_find(listed->prefixes, listed->prefix_count, source,
					     listed->zone);
	}
	return prefixes_find(tables->elsewhere, tables->elsewhere_count, source, RW_ZONE_EXTERNAL);
}

bool tables_admits(const struct tables *tables, const struct admission *admission)
{
	uint16_t zones = tables->ports[((size_t)admission->l4 << 16) + admission->port].zones;

	if ((tables->flags & RW_POLICY_IPV6_DROP) && !cidr_is_ipv4(admission->source, 128))
		return false;
	return zones & tables_zone(tables, admission->interface, admission->source);
}

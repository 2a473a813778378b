/* SPDX-License-Identifier: GPL-2.0 */
/* zone_text.c - the bits of a zone mask, one word after the other. */
#include "policy/zone_text.h"

#include <stdio.h>
#include <string.h>

#include <rolewall/abi.h>

#include "policy/words.h"

const char *zone_name(unsigned int zone)
{
	/* No word of the node file: see abi.h. */
	return zone == RW_ZONE_MANAGEMENT ? "management" : word_of(words_zones, (int)zone);
}

const char *zones_text(unsigned int zones, char ret[ZONES_TEXT_MAX])
{
	ret[0] = '\0';
	for (unsigned int bit = RW_ZONE_EXTERNAL; bit <= RW_ZONE_MANAGEMENT; bit <<= 1) {
		if (!(zones & bit))
			continue;
		if (ret[0])
			strcat(ret, ",");
		strcat(ret, zone_name(bit));
	}
	if (zones & RW_ZONE_PEERS)
		strcat(ret, ret[0] ? ",peers" : "peers");
	return ret[0] ? ret : strcpy(ret, "none");
}

const char *peers_text(unsigned int zones, const struct rule *rule, char ret[PEERS_TEXT_MAX])
{
	zones_text(zones, ret);
	if ((zones & RW_ZONE_PEERS) && rule->peers[0])
		snprintf(ret + strlen(ret), PEERS_TEXT_MAX - strlen(ret), "(%s)", rule->peers);
	return ret;
}

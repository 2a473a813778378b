/* SPDX-License-Identifier: GPL-2.0 */
/* zone_text.h - zones and peers as people read them. Pure. */
#ifndef ROLEWALL_POLICY_ZONE_TEXT_H
#define ROLEWALL_POLICY_ZONE_TEXT_H

#include "policy/tables.h"

#define ZONES_TEXT_MAX 48 /* "external,internal,vpn,management,peers" */
#define PEERS_TEXT_MAX (ZONES_TEXT_MAX + TABLES_PEERS_MAX + 8)

/* One RW_ZONE_* bit; NULL for anything else. */
const char *zone_name(unsigned int zone);

/* Zones of a mask, comma separated, "peers" for their roles; "none" if there is none. Returns
 * `ret`. */
const char *zones_text(unsigned int zones, char ret[ZONES_TEXT_MAX]);

/*
 * The same of a rule, or of a part of its zones, with the roles of the peers that it opens to:
 * "vpn,peers(proxy,appserver)". Returns `ret`.
 */
const char *peers_text(unsigned int zones, const struct rule *rule, char ret[PEERS_TEXT_MAX]);

#endif

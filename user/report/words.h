/* SPDX-License-Identifier: GPL-2.0 */
/*
 * words.h - what the tables, the views, the feed and the metrics call a value. One word for one
 * thing, and all of them here. What returns text returns `ret`, or a constant.
 */
#pragma once

#include "kernel/object/hooks.h"
#include "policy/tables.h"

#define PROTOCOL_TEXT_MAX 24 /* "udplite", "253" */
#define PORTS_TEXT_MAX	  16 /* "25", "20000-40000" */
#define TIME_TEXT_MAX	  48 /* RFC 3339 with milliseconds and offset */
#define ZONES_TEXT_MAX	  48 /* "external,internal,vpn,management,peers" */
#define PEERS_TEXT_MAX	  (ZONES_TEXT_MAX + TABLES_PEERS_MAX + TABLES_SETS_MAX + 8)

const char *hook_word(enum hook hook);
const char *xdp_mode_word(enum xdp_mode mode);

/* What RW_POLICY_* flags say, in the words of the node file: "enforce", "deny", ... */
const char *mode_word(unsigned int flags);

struct snapshot;

/*
 * "tracked" (the kernel's connection tracking is asked), "learned" (from what leaves), "untracked"; NULL: it
 * forwards nothing.
 */
const char *forwarding_word(const struct snapshot *snapshot);
const char *bind_guard_word(unsigned int flags);
const char *syn_cookies_word(unsigned int flags);

/* An IP protocol's name, or its number; NULL where it could not be read. */
const char *protocol_text(uint8_t protocol, char ret[PROTOCOL_TEXT_MAX]);

/* "6071/tcp"; for what has no ports the protocol, "-" where it could not be read. */
const char *port_text(const struct rw_attempt *record, char ret[PROTOCOL_TEXT_MAX]);
const char *ports_text(uint16_t port, uint16_t port_end, char ret[PORTS_TEXT_MAX]);

/* One RW_ZONE_* bit; NULL for anything else. */
const char *zone_name(unsigned int zone);

/* The RW_ZONE_* bit of that name; 0: there is none. */
uint8_t zone_from_name(const char *name);

/* Zones of a mask, comma separated, "peers" for their roles; "none" if there is none. */
const char *zones_text(uint64_t zones, char ret[ZONES_TEXT_MAX]);

/*
 * The same of a rule, or of a part of its zones, with the roles of the peers and the sets that it
 * opens to: "vpn,peers(proxy,appserver),office".
 */
const char *peers_text(uint64_t zones, const struct rule *rule, char ret[PEERS_TEXT_MAX]);

/* The same of a part of its zones, whose sets are those of `tables`; NULL: there are none. */
const char *change_text(uint64_t zones, const struct rule *rule, const struct tables *tables,
			char ret[PEERS_TEXT_MAX]);

/* "12 s ago", "3 h ago"; negative: "never". */
#define AGE_TEXT_MAX 32
const char *age_text(int64_t seconds, char ret[AGE_TEXT_MAX]);

/* RFC 3339, local time with its offset. */
const char *time_text(int64_t seconds, char ret[TIME_TEXT_MAX]);
const char *time_text_ns(int64_t ns, char ret[TIME_TEXT_MAX]);

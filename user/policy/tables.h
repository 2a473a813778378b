/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tables.h - a policy as the kernel will see it, before there is any kernel.
 *
 * The last stage of policy/: everything is a number or a name that the maps can hold; slots,
 * rule indexes and generation are still missing, because those depend on what is already loaded
 * (user/kernel/install.c). Pure data: no libbpf, no system calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "util/error.h"

#define TABLES_NAME_MAX	 64  /* roles, services and nodes, with the NUL */
#define TABLES_SET_MAX	 48  /* sets, with the NUL: room for a prefix */
#define TABLES_SETS_MAX	 160 /* RW_SETS of them, comma separated, cut where it is longer */
#define TABLES_PEERS_MAX 160 /* RW_PEER_ROLES of them, comma separated, cut where it is longer */
#define TABLES_ORIGIN_MAX                                                                          \
	192 /* "FILE:LINE[, FILE:LINE ...]", cut with "..." where it does not fit */

/* How often a source may begin a connection; none: zeros. docs/node-file.md has the words. */
struct limit {
	uint32_t count;	   /* connections; 0 = there is no limit */
	uint32_t ban;	   /* seconds, for who goes on; 0 = nobody is banned */
	uint16_t seconds;  /* in which they may begin: 1, 60, 3600 */
	uint16_t burst;	   /* at once; not 0 where there is a limit */
	uint8_t ipv4_bits; /* of an address that make a source */
	uint8_t ipv6_bits;
};

#define LIMIT_NONE	 "none"
#define LIMIT_COUNT_MAX	 1000000
#define LIMIT_BURST_MAX	 10000
#define LIMIT_BAN_MAX	 (36525LL * 24 * 60 * 60)
#define LIMIT_IPV4_USUAL 32
#define LIMIT_IPV6_USUAL 64
#define LIMIT_TEXT_MAX	 80 /* of limit_format(), with the NUL */

/* The number of a kind in a list of those that were met, from 1; it is added there. 0: no limit. */
size_t limit_number(struct limit *kinds, size_t *count, const struct limit *limit);

bool limit_is_same(const struct limit *a, const struct limit *b);

/* "30/min, burst 20", and what else is not as usual; "none". Returns `ret`. */
const char *limit_format(const struct limit *limit, char ret[LIMIT_TEXT_MAX]);

/* "min": what the connections are counted in. */
const char *limit_unit(const struct limit *limit);

/* And back: its seconds; 0: there is no such unit. */
uint16_t limit_seconds(const char *unit);

/* Are the values within their ranges? */
bool limit_is_valid(const struct limit *limit);

/*
 * A rule: one service of one role on one protocol and port range. What identifies it, and so keeps
 * its counters over a change of policy, is (role, service, l4, port, port_end).
 * Two roles that open the same port are merged into one rule: the zones are the union; the name of
 * role and service is that of the first, in the order of the node file (every-node first); origin
 * names both. Ranges that overlap are kept as rules of their own, and each port belongs to the
 * narrowest of them; its zones are the union of all.
 */
struct rule {
	char role[TABLES_NAME_MAX]; /* "node" for the node file's own services */
	char service[TABLES_NAME_MAX];
	char origin[TABLES_ORIGIN_MAX];
	uint16_t port;		      /* host order */
	uint16_t port_end;	      /* inclusive; == port for a single one */
	uint8_t l4;		      /* RW_L4_TCP or RW_L4_UDP */
	bool loopback;		      /* for this node alone: zones is RW_ZONE_NOBODY */
	uint64_t zones;		      /* RW_ZONE_*; never 0 */
	struct limit limit;	      /* of TCP alone */
	char peers[TABLES_PEERS_MAX]; /* "proxy,appserver": roles of the peers that zones has */
	char sets[TABLES_SETS_MAX];   /* "office,203.0.113.7": sets that zones has */
};

/* A new field must be added wherever a rule is copied, compared or shown. */
_Static_assert(
	sizeof(struct rule) == 672,
	"struct rule: see policy/rules.c (made), tables/compare.c (compared), "
	"kernel/generation/records.h (pinned), report/json.c, packaging/schema/output/common.json "
	"cli/cmd_show.c, live/table.c and web/page/ports.js (told), tests/unit/policy_dump.c");

static inline bool rule_covers(const struct rule *rule, unsigned int l4, unsigned int port)
{
	return rule->l4 == l4 && rule->port <= port && port <= rule->port_end;
}

/* Which of two that cover a port owns it: the narrower; of two as narrow, the first. It may be
 * NULL.
 */
static inline const struct rule *rule_owner(const struct rule *first, const struct rule *second)
{
	return !first || second->port_end - second->port < first->port_end - first->port ? second
											 : first;
}

/*
 * Which rule each port belongs to, from a list of rules alone: of overlapping ones the narrowest,
 * of two as narrow the first in the list. The port may be reached from the zones of all of them.
 */
#define OWNERS_COUNT (2 * 65536)

struct owner {
	const struct rule *rule; /* NULL = the port is not open; points into the list given */
	uint64_t zones;
};

static inline size_t owner_index(unsigned int l4, uint16_t port)
{
	return ((size_t)l4 << 16) + port;
}

/* An array of OWNERS_COUNT by owner_index(), to be freed by the caller; NULL without memory. */
struct owner *owners_new(const struct rule *const *rules, size_t count);

/* One port: which rule it belongs to, and who may reach it. */
struct port {
	uint64_t zones; /* 0 = not open */
	uint32_t rule;	/* index into tables.rules; 0 where zones is 0 */
};

/* Longest prefix wins; complete: what holds for a prefix around it is already folded in. */
struct prefix {
	uint8_t source[16]; /* IPv4 as ::ffff:a.b.c.d; bits behind the length are 0 */
	uint8_t length;	    /* 0 .. 128, of the 16 bytes: IPv4 /n is 96 + n */
	bool silent;	    /* it is there for sets alone: zone and management are those around it;
			  of never_ban: for names alone */
	uint64_t bits; /* RW_ZONE_*: one zone, or none: the interface's; management, peers, sets */
};

/* At which hook the packets of an interface are to be judged. The numbers are pinned. */
enum hook_choice {
	CHOICE_AUTO,
	CHOICE_XDP, /* native, or else generic */
	CHOICE_TC,
	CHOICE_CGROUP, /* at the sockets alone */
};

/* May native XDP stand beside tc while a flood lasts? The numbers are pinned. */
enum shield_choice {
	SHIELD_AUTO, /* if the driver resets nothing for that */
	SHIELD_ON,   /* whatever the driver does */
	SHIELD_OFF,
};

struct interface {
	char name[16];		 /* as in the node file; the device need not exist */
	uint8_t zone;		 /* one RW_ZONE_* bit */
	uint8_t accepts;	 /* RW_ACCEPTS_* */
	uint8_t if_used;	 /* of these RW_ACCEPTS_*: only if the device uses it */
	uint8_t hook;		 /* enum hook_choice */
	uint8_t shield;		 /* enum shield_choice */
	uint64_t sets;		 /* RW_ZONE_SET() of those whose sources may come by it */
	struct prefix *prefixes; /* owned; sorted by (source, length) */
	size_t prefix_count;	 /* 0: those of tables.elsewhere hold */
};

/* One prefix of a set, and where it stands. */
struct set_source {
	uint8_t source[16];
	uint8_t length;
	uint16_t file; /* index into tables.set_files */
	uint16_t host; /* index into hosts of the set, plus 1; 0: it stands there itself */
	uint32_t line;
};

/* A name in a set, whose addresses the daemon keeps up to date. */
struct set_host {
	char *name;    /* owned; as it is written */
	uint16_t file; /* as in set_source */
	uint32_t line;
};

/* A set of sources: RW_ZONE_SET(n) of the n-th. */
struct set {
	char name[TABLES_SET_MAX]; /* "": prefixes that stand in a service's "from" */
	bool has_on;		   /* false: its sources may come by every interface */
	uint8_t never_ban; /* RW_NEVER_BAN_*: why its sources are never banned; 0: they may be */
	char (*on)[16];	   /* owned; names of interfaces */
	size_t on_count;
	struct set_host *hosts; /* owned */
	size_t host_count;
	struct set_source *sources; /* owned; in the order of the files, those of hosts last */
	size_t source_count;
};

struct tables {
	char node[256]; /* the node's name */
	char profile[TABLES_NAME_MAX];
	char **roles; /* owned; "every-node" first, then as the node file says */
	size_t role_count;
	struct rule *rules;	      /* owned; sorted by (l4, port, port_end, role, service) */
	size_t rule_count;	      /* <= RW_RULES */
	struct port *ports;	      /* owned; 2 * 65536, index (l4 << 16) + port */
	struct interface *interfaces; /* owned; in the order of the node file; at most RW_LISTED */
	size_t interface_count;
	struct prefix *elsewhere; /* owned; management sources and sets, on interfaces that are
				     not listed (zone external), or have no sources of their own */
	size_t elsewhere_count;
	uint64_t elsewhere_sets; /* RW_ZONE_SET() of those that may come by interfaces that are not
				    listed */
	struct set *sets;	 /* owned; at most RW_SETS */
	size_t set_count;
	char **set_files; /* owned; in which the sets' sources stand */
	size_t set_file_count;
	struct prefix *never_ban; /* owned; sorted by (source, length); `bits` is RW_NEVER_BAN_* */
	size_t never_ban_count;
	uint8_t protocols[256]; /* 1 = listed */
	uint8_t flags;		/* RW_POLICY_* */
	uint16_t echo_rate;	/* a second and CPU */
	bool mode_given;	/* the node file says its mode */
	char *text;		/* owned; the node file, word for word, its cluster put in */
	size_t text_size;
};

void tables_free(struct tables *tables);

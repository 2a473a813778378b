/* SPDX-License-Identifier: GPL-2.0 */
/*
 * records.h - the shapes of what a generation pins for people and for the next generation.
 *
 * A pin outlives the program that wrote it: another version reads it. So these structs are apart
 * from those that programs compute with, have a fixed width, and carry their layout. What the
 * programs in the kernel read is in abi.h, with a version of its own (RW_ABI_VERSION); `about`
 * carries both.
 *
 * Change anything here, or what a field means: count RECORD_LAYOUT up. Strings end in a NUL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "policy/tables.h"

/* What programs compute with. */
struct numbered_rule {
	uint32_t index; /* counter slot */
	struct rule rule;
};

struct about {
	int64_t applied_at; /* seconds since the epoch */
	uint32_t rule_count;
	uint32_t text_size;
	uint32_t previous; /* generation that a rollback of this one goes to; 0 = none */
	char node[256];
	char profile[TABLES_NAME_MAX];
	char roles[1024];
	char node_file[256];
	char slots[RW_SLOTS][16];	    /* interface name by slot; empty: free */
	uint8_t hooks[RW_SLOTS];	    /* enum hook_choice of that interface */
	uint8_t shields[RW_SLOTS];	    /* enum shield_choice */
	char sets[RW_SETS][TABLES_SET_MAX]; /* what each is called, by its bit; empty: no set */
};

/* What is pinned. */
/* "RW", 8: limits. 7: shields. 6: hooks. 5: sets. 4: a rule may be for loopback alone. 3: `text` is the policy, not the node file alone; 128 slots. Before there was any, `about`
 * began with a time: another number. */
#define RECORD_LAYOUT 0x52570008
#define TEXT_PIECE    4096 /* bytes of an element of `text` */

/* Element 0 of `about`. */
struct about_record {
	__u32 layout;	  /* RECORD_LAYOUT */
	__u32 abi;	  /* RW_ABI_VERSION of `policy` and `zones` */
	__s64 applied_at; /* seconds since the epoch */
	__u32 rule_count;
	__u32 text_size; /* bytes of `text` */
	__u32 previous;	 /* generation that a rollback of this one goes to; 0 = none */
	__u32 pad0;
	char node[256];
	char profile[64];
	char roles[1024]; /* comma separated, cut where it is longer */
	char node_file[256];
	char slots[RW_SLOTS][16]; /* interface name by slot; empty: free */
	char sets[RW_SETS][48];	  /* what each is called, by its bit; empty: no set */
	__u8 hooks[RW_SLOTS];	  /* enum hook_choice, by slot */
	__u8 shields[RW_SLOTS];	  /* enum shield_choice, by slot */
};

/* Elements of `rules`: 0 .. rule_count - 1. */
struct rule_record {
	__u32 index;	/* counter slot */
	__u16 port;	/* host order */
	__u16 port_end; /* inclusive */
	__u64 zones;	/* RW_ZONE_* */
	__u8 l4;	/* RW_L4_* */
	__u8 loopback;	/* 1: for this node alone; 0 */
	__u8 limit_ipv4_bits;
	__u8 limit_ipv6_bits;
	__u8 pad0[4];
	__u32 limit_count; /* connections; 0 = no limit */
	__u32 limit_ban;   /* seconds; 0 = nobody is banned */
	__u16 limit_seconds;
	__u16 limit_burst;
	__u32 pad1;
	char role[64];
	char service[64];
	char origin[192];
	char peers[160];
	char sets[160];
};

RW_SIZE(struct about_record, 6240);
RW_AT(struct about_record, layout, 0);
RW_AT(struct about_record, abi, 4);
RW_AT(struct about_record, applied_at, 8);
RW_AT(struct about_record, rule_count, 16);
RW_AT(struct about_record, text_size, 20);
RW_AT(struct about_record, previous, 24);
RW_AT(struct about_record, node, 32);
RW_AT(struct about_record, profile, 288);
RW_AT(struct about_record, roles, 352);
RW_AT(struct about_record, node_file, 1376);
RW_AT(struct about_record, slots, 1632);
RW_AT(struct about_record, sets, 3680);
RW_AT(struct about_record, hooks, 5984);
RW_AT(struct about_record, shields, 6112);
RW_SIZE(struct rule_record, 680);
RW_AT(struct rule_record, index, 0);
RW_AT(struct rule_record, port, 4);
RW_AT(struct rule_record, port_end, 6);
RW_AT(struct rule_record, zones, 8);
RW_AT(struct rule_record, l4, 16);
RW_AT(struct rule_record, loopback, 17);
RW_AT(struct rule_record, limit_ipv4_bits, 18);
RW_AT(struct rule_record, limit_ipv6_bits, 19);
RW_AT(struct rule_record, limit_count, 24);
RW_AT(struct rule_record, limit_ban, 28);
RW_AT(struct rule_record, limit_seconds, 32);
RW_AT(struct rule_record, limit_burst, 34);
RW_AT(struct rule_record, role, 40);
RW_AT(struct rule_record, service, 104);
RW_AT(struct rule_record, origin, 168);
RW_AT(struct rule_record, peers, 360);
RW_AT(struct rule_record, sets, 520);

/* "office,one": what the sets of `zones` are called, cut where it is longer. Returns `ret`. */
const char *about_sets_names(const struct about *about, uint64_t zones, char *ret, size_t size);

/* To be read by this version? */
bool about_record_is_known(const struct about_record *record);

void about_to_record(const struct about *about, struct about_record *ret);
void about_from_record(const struct about_record *record, struct about *ret);
void rule_to_record(const struct numbered_rule *rule, struct rule_record *ret);
void rule_from_record(const struct rule_record *record, struct numbered_rule *ret);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare.h - what differs between two policies, port by port.
 *
 * Pure: rules and interfaces in, differences out. `before` is what is in force, `after` what would
 * be; an empty `before` makes everything newly opened.
 */
#pragma once

#include "policy/tables.h"

/* Neighbouring ports of one protocol that change in the same way under the same rules. */
struct change {
	uint8_t l4;
	uint16_t port;
	uint16_t port_end;	   /* inclusive */
	uint64_t opened;	   /* zones that could not reach it and will */
	uint64_t closed;	   /* zones that could and will not */
	const struct rule *before; /* owns the ports now, NULL = no rule; points into the input */
	const struct rule
		*after; /* will own them; differs in role or service if nothing opens or closes */
};

/* Neither opens nor closes: only the rule is another one, with counters of its own. */
static inline bool change_is_moved(const struct change *change)
{
	return !change->opened && !change->closed;
}

struct changes {
	const struct tables *before; /* whose sets are in `closed`; NULL: there are none */
	const struct tables *after;  /* whose sets are in `opened` */
	struct change *list;	     /* owned; sorted by (l4, port) */
	size_t count;
	size_t unchanged; /* rules that stand in both, word for word but for their origin */
};

/* An interface of either side. */
struct interface_zone {
	const char *name;
	uint8_t zone;	/* one RW_ZONE_* bit */
	uint8_t hook;	/* enum hook_choice */
	uint8_t shield; /* enum shield_choice */
};

struct interface_change {
	const char *name; /* points into the input */
	uint8_t before;	  /* zone; 0 = was not listed */
	uint8_t after;	  /* zone; 0 = will not be listed */
	uint8_t hook_before;
	uint8_t hook_after;
	uint8_t shield_before;
	uint8_t shield_after;
};

struct interface_changes {
	struct interface_change *list; /* owned; those of `after` first, then those that go */
	size_t count;
};

struct rule_list {
	const struct rule *const *rules; /* sorted as in tables.h */
	size_t count;
	const struct tables *tables; /* whose sets their zones have; NULL: none */
};

struct interface_list {
	const struct interface_zone *interfaces;
	size_t count;
};

/* What a source is on one interface. */
struct interface_prefix {
	const char *interface; /* "" = all that are not listed */
	struct prefix prefix;
};

struct prefix_list {
	struct interface_prefix *list; /* owned; names are not */
	size_t count;
};

struct prefix_change {
	const char *interface; /* points to a name of the input */
	uint8_t source[16];
	uint8_t length;
	uint64_t before; /* RW_ZONE_* bits; 0 = nothing was said of it */
	uint64_t after;	 /* 0 = nothing will be said */
};

struct prefix_changes {
	struct prefix_change *list; /* owned; sorted by interface, source and length */
	size_t count;
};

/* All return 0 or -ENOMEM; `ret` is untouched on failure. */
int rules_compare(const struct rule_list *before, const struct rule_list *after,
		  struct changes *ret);
int interfaces_compare(const struct interface_list *before, const struct interface_list *after,
		       struct interface_changes *ret);

/* Sorts both. */
int prefixes_compare(struct prefix_list *before, struct prefix_list *after,
		     struct prefix_changes *ret);

int prefix_list_add(struct prefix_list *list, const char *interface, const struct prefix *prefix);
void prefix_list_sort(struct prefix_list *list);
void prefix_list_free(struct prefix_list *list);

void changes_free(struct changes *changes);
void interface_changes_free(struct interface_changes *changes);
void prefix_changes_free(struct prefix_changes *changes);

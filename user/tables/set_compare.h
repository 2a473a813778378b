/* SPDX-License-Identifier: GPL-2.0 */
/*
 * set_compare.h - what differs between the sets of two policies. Which bit a set has is each
 * policy's own business: zones of one are put into the bits of the other before they are compared.
 */
#pragma once

#include "policy/cidr.h"
#include "policy/tables.h"

/* `bits[n]` is the bit that the n-th set of one policy has in another; 0: it has no such set. */
struct set_translation {
	uint64_t bits[RW_SETS];
};

/* A set is the same if it has the same name, or no name and the same sources. NULL: no sets. */
void sets_translate(const struct tables *from, const struct tables *to,
		    struct set_translation *ret);
uint64_t zones_translate(const struct set_translation *translation, uint64_t zones);

struct cidr_list {
	struct cidr *list; /* owned; sorted, each once */
	size_t count;
};

/* A set with a name that comes, goes, or has other sources or interfaces. */
struct set_change {
	const char *name;	  /* points into the input */
	const struct set *before; /* NULL: it comes */
	const struct set *after;  /* NULL: it goes */
	struct cidr_list added;
	struct cidr_list removed;
	bool on_changed;
};

struct set_changes {
	struct set_change *list; /* owned; in the order of the sets, those that go last */
	size_t count;
};

/* 0 or -ENOMEM. */
int sets_compare(const struct tables *before, const struct tables *after, struct set_changes *ret);
void set_changes_free(struct set_changes *changes);

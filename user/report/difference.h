/* SPDX-License-Identifier: GPL-2.0 */
/*
 * difference.h - what a compiled node file would change, against what is in force.
 */
#pragma once

#include "kernel/observe/snapshot.h"
#include "tables/compare.h"
#include "tables/set_compare.h"

/* Anything but ports and interfaces that has one value for the whole node. */
struct setting {
	const char *name;  /* as in the node file */
	char before[1024]; /* empty: nothing is in force */
	char after[1024];
};

#define DIFFERENCE_SETTINGS_MAX 11

/* Points into the snapshot and both tables. */
struct difference {
	bool from_nothing; /* nothing is in force */
	struct changes ports;
	struct interface_changes interfaces;
	struct prefix_changes prefixes;
	struct set_changes sets;
	struct setting settings[DIFFERENCE_SETTINGS_MAX]; /* those that change */
	size_t setting_count;
};

/*
 * `snapshot` is NULL if nothing is in force, and `in_force` empty then; else it is what that was
 * made from. Returns 0 or -ENOMEM.
 */
int difference_find(const struct snapshot *snapshot, const struct tables *in_force,
		    const struct tables *tables, struct difference *ret);
void difference_free(struct difference *difference);

bool difference_is_empty(const struct difference *difference);

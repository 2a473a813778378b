/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lists.h - bans and openings, as the daemon sees to them: they come back into new maps, what has
 * ended is removed, and a change that was cut off is undone (kernel/restore.h). The map `presence`
 * says when; but it is never done so often that a million bans keep the daemon busy.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <sys/stat.h>

#include <rolewall/abi.h>

#include "kernel/object/instance.h"
#include "kernel/object/maps.h"

struct lists {
	const struct instance *instance; /* not owned */
	const struct maps *maps;	 /* those in force; not owned */
	int64_t rest_until;		 /* ns, CLOCK_MONOTONIC */
	int last_error;			 /* that was said */
	struct told {
		json_t *part;	    /* owned: what subscribers hear of it; NULL: not read yet */
		struct stat file;   /* that it was read from */
		int64_t end;	    /* of the entry that ends first, ns since the epoch; 0: never */
		int64_t rest_until; /* ns, CLOCK_MONOTONIC: not read again before */
	} told[RW_LISTS];
};

void lists_tick(struct lists *lists);

/* At the start, and when the maps are new: now. */
void lists_reset(struct lists *lists);

void lists_close(struct lists *lists);

/* The line of the feed, read anew where it has changed; NULL without memory. */
json_t *lists_line_make(struct lists *lists);

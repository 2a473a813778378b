/* SPDX-License-Identifier: GPL-2.0 */
/*
 * store.h - one table of things that end, in the kernel and on disk: bans, or openings.
 *
 * The kernel's maps are the truth while they exist. LIB_DIR/KIND.tsv knows who wanted an entry and
 * why, and restores the maps after a reboot (or a `down`): the first open of the store puts back
 * what has not ended meanwhile. A change is in the maps and in the file, or in neither: while one
 * is under way, `presence` says that the maps are not whole. If the change never ends, the next
 * open of the store makes the maps what the file says.
 *
 * Order: what is new is inserted before `presence` says that there is something, and what goes is
 * deleted before `presence` says that there is nothing: the programs never miss an entry.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#include <rolewall/abi.h>

#include "kernel/lists/timeout_list.h"
#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "util/error.h"

/* What bans and openings do each in its own way. Functions return 0 or -errno. */
struct store_kind {
	struct timeout_format format;
	const char *noun;    /* "bans" in messages */
	clockid_t clock;     /* of `expires` in the maps */
	__u32 id;	     /* RW_LIST_* */
	bool outlives_clock; /* restored although the clock stands before it was made */
	/*
	 * Source, port, id and end; `ahead` is what the epoch's clock is ahead of `clock`, in ns.
	 */
	int (*read)(const struct maps *maps, int64_t ahead, struct timeout_list *ret);
	int (*insert)(const struct maps *maps, int64_t ahead, const struct timeout_list *entries);
	int (*erase)(const struct maps *maps, const struct timeout_list *entries);
	void (*count)(const struct timeout_list *entries, struct rw_presence *presence);
	/* The end of this one entry; -ENOENT. Only where one is changed at a time: else NULL. */
	int (*find)(const struct maps *maps, int64_t ahead, struct timeout *entry);
};

/* Owning. Starts as STORE_NONE; while it is open, no one else changes anything. */
struct store {
	const struct store_kind *kind;
	const struct instance *instance;
	struct maps maps;
	int64_t ahead; /* of the epoch's clock to the kind's, in ns, when it was opened */
	int lock;
	bool waited; /* another process held the lock first */
	bool listed; /* `list` is read; else one entry at a time can be changed */
	int tail;    /* if not: the file, and how it begins */
	struct timeout_heading heading;
	struct timeout_list list; /* what is in the kernel; `expires` in ns since the epoch */
	char **kept;		  /* owned, and so is each: strings of what was changed */
	size_t kept_count;
	struct error damage; /* `what` is empty, or: the file was damaged, or cannot be written */
};

#define STORE_NONE                                                                                 \
	{                                                                                          \
		.maps = MAPS_NONE, .lock = -1, .tail = -1                                          \
	}

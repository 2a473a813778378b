/* SPDX-License-Identifier: GPL-2.0 */
/*
 * intake.h - from the kernel's events and its table of attempts into the history.
 *
 * Events cost what their credits allow (kernel/events.h); they are read in drains, so that a flood
 * does not wake the daemon for each of them. What no event told of is found in the table, which is
 * looked at once a second while there is any sign of change.
 */
#pragma once

#include <stdbool.h>

#include "report/history.h"
#include "daemon/in_force.h"
#include "daemon/links.h"
#include "kernel/observe/events.h"
#include "kernel/observe/tick_clock.h"
#include "report/feed.h"
#include "util/loop.h"

struct intake {
	struct in_force *in_force; /* not owned, as the next two */
	const struct links *links;
	struct loop *loop;
	struct history *history; /* owned, as what follows */
	struct events *events;	 /* NULL: nothing is applied, or another process reads them */
	struct watch ring;
	struct watch pause;
	struct tick_clock clock;
	int64_t clock_read_at;	     /* ns since the epoch */
	struct rw_event_state state; /* at the last tick, summed over CPUs */
	bool churn;		     /* many more drops than the table holds since the last tick */
	unsigned int skipped;	     /* scans, because of that */
	bool changed_since;	     /* signs of change since the last scan */
	bool busy;		     /* another process reads the events: that was said */
	/* Called for each entry that is new or has grown; `context` is the owner's. */
	void (*changed)(void *context, struct history_entry *entry);
	/* Called after some of that. */
	void (*flush)(void *context);
	void *context;
};

/* in_force, links, loop, changed, flush and context are filled in already. */
int intake_open(struct intake *intake, struct error *ret_error);
void intake_close(struct intake *intake);

/* The maps are others, or none: begin to read what there is. */
void intake_reopen(struct intake *intake);

/* Once a second. `wanted`: look at the table even if there is no sign of change. */
void intake_tick(struct intake *intake, bool wanted);

/* Look at the table now. */
void intake_scan(struct intake *intake);

/* An entry as listeners and the journal want it. */
void intake_describe(const struct intake *intake, const struct history_entry *entry,
		     struct feed_attempt *ret);

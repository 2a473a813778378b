/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lists.h - bans and openings, as the daemon sees to them: they come back into new maps, and what
 * has ended is removed (kernel/ledger.h does both whenever it is opened).
 *
 * They are read when the first of them ends, and when the files say that somebody has changed them;
 * but never so often that a million bans keep the daemon busy.
 */
#ifndef ROLEWALL_DAEMON_LISTS_H
#define ROLEWALL_DAEMON_LISTS_H

#include <jansson.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../kernel/instance.h"

#define LISTS_COUNT 2

struct lists {
	const struct instance *instance; /* not owned */
	struct stat files[LISTS_COUNT];	 /* when they were read; zeros: there was none */
	int64_t next_end;		 /* ns since the epoch; 0: nothing ends */
	int64_t rest_until;		 /* ns, CLOCK_MONOTONIC */
	int last_error;			 /* that was said */
	json_t *told[LISTS_COUNT]; /* owned: what followers hear of them; NULL: not read yet */
};

/* Zeros and an instance: everything is due. */
void lists_tick(struct lists *lists);

/* The maps are new: it is due again. */
void lists_reset(struct lists *lists);

void lists_close(struct lists *lists);

/* The line of the feed; NULL without memory. */
json_t *lists_line_make(const struct lists *lists);

#endif

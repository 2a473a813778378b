/* SPDX-License-Identifier: GPL-2.0 */
/*
 * source.h - what the terminal view shows, and where it comes from: attempts from the daemon where
 * one runs (it remembers more), else from the kernel's table; all else from the kernel.
 */
#pragma once

#include <sys/stat.h>

#include "kernel/lists/timeout_list.h"
#include "kernel/observe/port_names.h"
#include "live/book.h"
#include "live/spark.h"
#include "report/feed.h"

struct source {
	const struct instance *instance;
	struct feed *feed;	  /* NULL: no daemon */
	struct port_names names;  /* owned, as what follows */
	uint64_t names_version;	  /* grows when they are others */
	struct snapshot snapshot; /* newer than that of the names; zeros: nothing is applied */
	struct book book;
	struct spark spark;
	uint64_t passed, dropped, observed; /* since the policy's maps are there */
	double pass_rate, drop_rate;	    /* a second; of what was observed, too */
	int64_t read_ns;		    /* CLOCK_MONOTONIC, of the last tick */
	bool unread;			    /* the table must be read */
	struct timeout_list bans, openings; /* by source, as the files have them */
	struct stat bans_stat, openings_stat;
	uint64_t lists_version;
	struct error error; /* `what` is empty, or: why the last tick told nothing */
};

/* -ENOENT: nothing is applied. */
int source_open(const struct instance *instance, struct source *ret, struct error *ret_error);
void source_close(struct source *source);

/* To be polled; -1 without a daemon. */
int source_fd(const struct source *source);

/* False: no policy is in force (any more), or nothing was read yet. */
bool source_is_applied(const struct source *source);

/* Take in what the daemon has told. */
void source_take(struct source *source);

/* Bans and openings, if their files have changed. */
void source_read_lists(struct source *source);

/* Once a second: counters, rates, and the table where there is no daemon. */
void source_tick(struct source *source);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * subscribers.h - who listens on the daemon's socket (kernel/feed.h says what they say and hear).
 *
 * A subscriber has no queue: it is told what has changed in the history since the version that it
 * has heard. So a slow one costs no memory, delays no other, and hears the latest numbers when it
 * is back.
 *
 * No subscriber keeps others out. Where there is no room, one that has not yet said what it wants
 * is closed. Some places are for root alone, and one user has only so many of the others. The cost
 * of new connections is limited for each user (account.h).
 */
#pragma once

#include <jansson.h>
#include <sys/queue.h>

#include "daemon/account.h"
#include "daemon/broadcast.h"
#include "daemon/intake.h"
#include "report/feed.h"
#include "util/loop.h"

#define FOLLOWERS_MAX	   64
#define FOLLOWERS_OF_ROOT  16  /* of these, for root alone */
#define FOLLOWERS_OF_ONE   16  /* of one user other than root, at most */
#define FOLLOWERS_A_SECOND 256 /* are let in */
#define FOLLOWER_SILENT_S  5   /* does not say for so long what it wants: is let go */
#define FOLLOWER_STALLED_S 60  /* reads nothing for so long: is let go */

struct subscriber;
LIST_HEAD(subscriber_list, subscriber);

struct subscribers {
	const struct instance *instance; /* not owned, as the next two */
	struct loop *loop;
	struct intake *intake;
	struct watch listener;	     /* owned, as all below */
	struct subscriber_list list; /* the newest first */
	struct account_list accounts;
	unsigned int count;
	unsigned int ticks;
	unsigned int admitted; /* since the last tick */
	unsigned long long accepted,
		dropped; /* dropped: stalled or silent, one too many, or spoke nonsense */
	struct broadcast broadcasts[FEED_BULLETIN_COUNT];
	/* What they say; NULL: nothing new, or no memory. `context` is the owner's. */
	json_t *(*make)(void *context, enum feed_broadcast kind);
	void *context;
};

/* instance, loop, intake, make and context are filled in already. */
int subscribers_open(struct subscribers *subscribers, struct error *ret_error);
void subscribers_close(struct subscribers *subscribers);

/* Tell what has changed. */
void subscribers_flush(struct subscribers *subscribers);

/* Once a second: broadcasts, and who has stalled. */
void subscribers_tick(struct subscribers *subscribers);

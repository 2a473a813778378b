/* SPDX-License-Identifier: GPL-2.0 */
/*
 * followers.h - who listens on the daemon's socket (kernel/feed.h says what they say and hear).
 *
 * A follower has no queue: it is told what has changed in the history since the version that it has
 * heard. So a slow one costs no memory, hinders nobody, and hears the latest numbers when it is
 * back.
 */
#ifndef ROLEWALL_DAEMON_FOLLOWERS_H
#define ROLEWALL_DAEMON_FOLLOWERS_H

#include <jansson.h>
#include <sys/queue.h>

#include "daemon/bulletin.h"
#include "daemon/intake.h"
#include "report/feed.h"
#include "util/loop.h"

#define FOLLOWERS_MAX	   64
#define FOLLOWER_STALLED_S 60 /* reads nothing for so long: is let go */

struct follower;
LIST_HEAD(follower_list, follower);

struct followers {
	const struct instance *instance; /* not owned, as the next two */
	struct loop *loop;
	struct intake *intake;
	struct watch listener; /* owned, as all below */
	struct follower_list list;
	unsigned int count;
	unsigned int ticks;
	unsigned long long accepted,
		dropped; /* dropped: stalled, one too many, or spoke nonsense */
	struct bulletin bulletins[FEED_BULLETIN_COUNT];
	/* What they say; NULL: nothing new, or no memory. `context` is the owner's. */
	json_t *(*make)(void *context, enum feed_bulletin kind);
	void *context;
};

/* instance, loop, intake, make and context are filled in already. */
int followers_open(struct followers *followers, struct error *ret_error);
void followers_close(struct followers *followers);

/* Tell what has changed. */
void followers_flush(struct followers *followers);

/* Once a second: bulletins, and who has stalled. */
void followers_tick(struct followers *followers);

#endif

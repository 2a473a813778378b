/* SPDX-License-Identifier: GPL-2.0 */
/* follower.h - one listener on the daemon's socket. */
#ifndef ROLEWALL_DAEMON_FOLLOWER_H
#define ROLEWALL_DAEMON_FOLLOWER_H

#include <jansson.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../kernel/feed.h"
#include "intake.h"
#include "loop.h"

#define FOLLOWER_BUFFER 65536 /* bytes that are written at once */

struct followers;

struct follower {
	struct followers *owner; /* not owned */
	LIST_ENTRY(follower) siblings;
	struct watch watch; /* fd owned */
	struct feed_request wants;
	bool mute;	       /* it will say nothing more */
	bool begun;	       /* it has said what it wants */
	bool ready_told;       /* what was there at the beginning has been told */
	uint64_t seen;	       /* version of the history that it has heard of */
	uint64_t initial;      /* version at the beginning */
	int64_t stalled_since; /* s, CLOCK_MONOTONIC: nothing could be written since; 0 = it reads
				*/
	char request[FEED_REQUEST_MAX];
	size_t request_size;
	char *status;	   /* owned: a line that waits, or NULL; a newer one replaces it */
	size_t begin, end; /* of what is in `buffer` */
	char buffer[FOLLOWER_BUFFER];
};

/* Takes `fd`; NULL without memory. */
struct follower *follower_new(int fd);
void follower_free(struct follower *follower);

/*
 * What it says: 0: it has said now what it wants; -EAGAIN: not yet; -EINVAL: nonsense; -EPIPE: it
 * has gone.
 */
int follower_read(struct follower *follower);

/* It has said what it wants: from here on there is something to tell. */
void follower_begin(struct follower *follower, const struct intake *intake);

void follower_queue_status(struct follower *follower, const json_t *status);

/* 0: everything is told; -EAGAIN: it takes no more now; -EPIPE: it has gone, or has had all. */
int follower_write(struct follower *follower, const struct intake *intake);

/* It listens, and is not waiting for room. */
bool follower_is_eager(const struct follower *follower);

int64_t follower_stalled_s(const struct follower *follower);

#endif

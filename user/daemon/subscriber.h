/* SPDX-License-Identifier: GPL-2.0 */
/* subscriber.h - one listener on the daemon's socket. */
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "daemon/broadcast.h"
#include "daemon/intake.h"
#include "report/feed.h"
#include "util/loop.h"

#define FOLLOWER_BUFFER	  65536 /* bytes that are written at once */
#define FOLLOWER_PORTIONS 16	/* times that, before the daemon looks after other things */

struct account;
struct subscribers;

struct subscriber {
	struct subscribers *owner; /* not owned */
	LIST_ENTRY(subscriber) siblings;
	struct watch watch;	 /* fd owned */
	struct account *account; /* of its user; not owned */
	struct feed_request wants;
	int64_t since;	 /* s, CLOCK_MONOTONIC: when it came */
	bool asked;	 /* it has said what it wants, and waits until it may be told */
	bool mute;	 /* it will say nothing more */
	bool begun;	 /* it is being told */
	bool ready_told; /* what was there at the beginning has been told */
	bool paused;	 /* its user has to wait */
	uint32_t *list;	 /* owned: what there was at the beginning, by history_slot(); NULL: none */
	size_t list_count, list_told;
	size_t others;	       /* that its filter left out of the list */
	uint64_t seen;	       /* version of the history that it has heard of, after the list */
	int64_t stalled_since; /* s, CLOCK_MONOTONIC: nothing could be written since; 0 = it reads
				*/
	char request[FEED_REQUEST_MAX];
	size_t request_size;
	uint64_t heard[FEED_BULLETIN_COUNT]; /* their versions */
	struct line *line;		     /* held: it takes this in now, or NULL */
	size_t line_sent;		     /* bytes of it */
	size_t begin, end;		     /* of what is in `buffer`, which comes after `line` */
	char buffer[FOLLOWER_BUFFER];
};

/* Takes `fd`; NULL without memory. */
struct subscriber *subscriber_new(int fd);
void subscriber_free(struct subscriber *subscriber);

/*
 * What it says: 0: it has said now what it wants; -EAGAIN: not yet; -EINVAL: nonsense; -EPIPE: it
 * has gone.
 */
int subscriber_read(struct subscriber *subscriber);

/* It has said what it wants, and may be told. -ENOMEM. */
int subscriber_begin(struct subscriber *subscriber, const struct intake *intake);

bool subscriber_wants(const struct subscriber *subscriber, enum feed_broadcast kind);

/*
 * 0: everything is told; -EAGAIN: it takes no more now, or has had enough for once; -EPIPE: it has
 * gone, or has had all.
 *
 * The beginning tells each attempt that was remembered then once, oldest change first, and is
 * bounded, however many change meanwhile. Those come after it, by version.
 */
int subscriber_write(struct subscriber *subscriber, const struct intake *intake,
		     const struct broadcast broadcasts[FEED_BULLETIN_COUNT]);

/* It is being told what there was at the beginning. */
bool subscriber_is_beginning(const struct subscriber *subscriber);

/* Until `paused` is false it is told nothing. */
void subscriber_pause(struct subscriber *subscriber);

/* It listens, and is not waiting for room or for its turn. */
bool subscriber_is_eager(const struct subscriber *subscriber);

/* How long it has not said what it wants. */
int64_t subscriber_silent_s(const struct subscriber *subscriber);

int64_t subscriber_stalled_s(const struct subscriber *subscriber);

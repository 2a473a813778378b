/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guests.h - who is connected, and how long already without having asked anything whole.
 *
 * libmicrohttpd knows how long a connection is idle; a header that comes a byte at a time never is.
 * So each request has a deadline, as a whole, and who comes where there is no room takes the place
 * of the connection that has been without a request longest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "util/loop.h"

#define GUESTS_MAX	48
#define GUEST_REQUEST_S 10 /* for all of a request, or until there is one */
#define GUEST_ANSWER_S	60 /* to take an answer that has an end */

struct guest {
	TAILQ_ENTRY(guest) others;
	int fd;		 /* not owned */
	int64_t since;	 /* s, CLOCK_MONOTONIC: what it is doing began */
	int64_t allowed; /* s that it may take; 0: for ever */
	bool asking;	 /* its request is not whole yet */
};

TAILQ_HEAD(guest_list, guest);

struct guests {
	struct loop *loop;	/* not owned */
	struct guest_list list; /* owned, as all below; by `since` */
	unsigned int count;
	struct watch tick;
};

int guests_open(struct guests *guests, struct loop *loop);
void guests_close(struct guests *guests);

/* NULL without memory. The connection is closed by its owner, who then calls guest_leave(). */
struct guest *guest_come(struct guests *guests, int fd);
void guest_leave(struct guests *guests, struct guest *guest);

/* Its request is whole; the answer has an end, or not. Then: it may ask again. */
void guest_answered(struct guests *guests, struct guest *guest, bool endless);
void guest_asks(struct guests *guests, struct guest *guest);

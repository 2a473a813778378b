/* SPDX-License-Identifier: GPL-2.0 */
/* source.h - from the daemon's socket onto the board; while there is no daemon, try again. */
#pragma once

#include "report/feed.h"
#include "util/loop.h"
#include "web/board.h"

#define SOURCE_RETRY_MS 1000

struct source {
	const struct instance *instance; /* not owned, as the next two */
	struct loop *loop;
	struct board *board;
	/*
	 * Each line, before it is on the board; and after some of them. `context` is the owner's.
	 */
	void (*line)(void *context, const json_t *line);
	void (*news)(void *context);
	void *context;
	struct feed *feed; /* owned, as what follows; NULL: the daemon does not answer */
	struct watch watch;
	struct watch retry;
};

/* instance, loop, board, line, news and context are filled in already. 0 or -errno. */
int source_open(struct source *source);
void source_close(struct source *source);

/*
 * One status of the daemon's, waited for up to `ms`; the caller's to json_decref(). NULL: none
 * came, and `ret_error` says why.
 */
json_t *source_ask_status(const struct instance *instance, int ms, struct error *ret_error);

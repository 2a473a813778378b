/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stream.h - what one open page is told, as server-sent events. Pure.
 *
 *	reasons		[{"name", "verdict", "meaning"}], once
 *	history		[[time_ms, {REASON: packets}], ...]: counters of the last minutes, once
 *	link		{"connected", "why"}: does the daemon answer?
 *	status, rules, lists	the daemon's lines of that type (kernel/feed.h)
 *	attempts	[...]: those that have changed, as the daemon's lines
 *
 * A page has no queue: it is told what has changed since the version of the board that it has
 * heard, a portion at a time. One that is slow costs no memory, and hears the latest numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/board.h"

#define STREAM_PORTION 65536 /* bytes of attempts at once */

/* Zeros: one that has heard nothing. */
struct stream {
	bool greeted;
	uint64_t heard[NOTICE_COUNT];
	uint64_t seen;	   /* version of the attempts */
	char *text;	   /* owned: the portion that is being told, or NULL */
	size_t begin, end; /* what is left of it */
};

bool stream_has_news(const struct stream *stream, const struct board *board);

/* The next portion; none, if there is no news or no memory. What was left of the last one goes. */
void stream_compose(struct stream *stream, const struct board *board);

/* Up to `size` bytes of it; 0: it has been told. */
size_t stream_read(struct stream *stream, char *ret, size_t size);

void stream_close(struct stream *stream);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * board.h - what the daemon has told, ready for each browser that opens the page. Pure: no system
 * calls.
 *
 * Memory is bounded: of the attempts it remembers as the daemon does (report/history.h).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "report/feed.h"
#include "report/history.h"

#define BOARD_ATTEMPTS	  8192 /* about 3 MB */
#define BOARD_ATTEMPT_MAX 1024 /* bytes of one, as JSON */
#define BOARD_SAMPLES	  450  /* of the counters, BOARD_SAMPLE_S apart: 15 minutes */
#define BOARD_SAMPLE_S	  2

/* What there is one of: enum feed_broadcast, and whether the daemon answers. */
#define NOTICE_LINK  FEED_BULLETIN_COUNT
#define NOTICE_COUNT (FEED_BULLETIN_COUNT + 1)

struct notice {
	char *text;	  /* owned, JSON; NULL: nothing was told yet */
	uint64_t version; /* of this kind, from 1 */
};

struct board; /* opaque */

/* NULL without memory. `attempts`: how many it remembers. */
struct board *board_new(size_t attempts);
void board_free(struct board *board);

/* A line of the feed (kernel/feed.h). What it does not know is left out. */
void board_take(struct board *board, const json_t *line);

/* The daemon answers, or not: `why` is for people. */
void board_link(struct board *board, bool connected, const char *why);

const struct notice *board_notice(const struct board *board, unsigned int kind);
const char *notice_name(unsigned int kind);

/* The attempt that changed next after `version` (0: the first of all), or NULL. */
const struct history_entry *board_after(const struct board *board, uint64_t version);

/* Its line. */
const char *board_text(const struct board *board, const struct history_entry *attempt);

/* [[time_ms, {REASON: packets}], ...], oldest first. */
void board_print_samples(const struct board *board, FILE *file);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attempt_log.h - which attempts are written down for good, in the journal and in a file, and how
 * often.
 *
 * One entry when an attempt is new, and one whenever its packets have grown tenfold since, of all
 * sources together LOGBOOK_BURST at once and LOGBOOK_RATE a second, so that who knocks cannot fill
 * a disk. So that who knocks cannot keep others out either, sources that have been here with
 * another attempt have LOGBOOK_RESERVE beside, and one more a second, for each level (history.h);
 * what was left out of them at first is made good. How many were left out is said once a minute.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/intake.h"
#include "daemon/log_file.h"

#define LOGBOOK_RATE	 5
#define LOGBOOK_BURST	 100
#define LOGBOOK_LEVELS	 8
#define LOGBOOK_RESERVE	 20
#define LOGBOOK_CATCH_UP 16 /* attempts of one source, at once */

struct attempt_log {
	bool journal;
	struct log_file file;
	unsigned int tokens;
	unsigned int reserves[LOGBOOK_LEVELS]; /* further ones; not of level 0 */
	unsigned int seconds;		       /* since the last summary */
	uint64_t omitted;		       /* since then */
};

/* `file` is the path of one, or NULL. */
void attempt_log_open(struct attempt_log *attempt_log, const char *file);
void attempt_log_close(struct attempt_log *attempt_log);

/* The entry has changed; writes if it is time to. */
void attempt_log_attempt(struct attempt_log *attempt_log, const struct intake *intake,
			 struct history_entry *entry);

/* Once a second. */
void attempt_log_tick(struct attempt_log *attempt_log);

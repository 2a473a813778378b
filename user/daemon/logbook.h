/* SPDX-License-Identifier: GPL-2.0 */
/*
 * logbook.h - which attempts are written down for good, in the journal and in a file, and how
 * often.
 *
 * One entry when an attempt is new, and one whenever its packets have grown tenfold since; all in
 * all no more than LOGBOOK_BURST at once and LOGBOOK_RATE a second, so that who knocks cannot fill
 * a disk. How many were left out is said once a minute.
 */
#ifndef ROLEWALL_DAEMON_LOGBOOK_H
#define ROLEWALL_DAEMON_LOGBOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/intake.h"
#include "daemon/log_file.h"

#define LOGBOOK_RATE  5
#define LOGBOOK_BURST 100

struct logbook {
	bool journal;
	struct log_file file;
	unsigned int tokens;
	unsigned int seconds; /* since the last summary */
	uint64_t omitted;     /* since then */
};

/* `file` is the path of one, or NULL. */
void logbook_open(struct logbook *logbook, const char *file);
void logbook_close(struct logbook *logbook);

/* The entry has changed; writes if it is time to. */
void logbook_attempt(struct logbook *logbook, const struct intake *intake,
		     struct history_entry *entry);

/* Once a second. */
void logbook_tick(struct logbook *logbook);

#endif

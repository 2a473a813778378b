/* SPDX-License-Identifier: GPL-2.0 */
/*
 * journal.h - refused attempts in the systemd journal, with fields of their own:
 * ROLEWALL_REASON, _SOURCE, _PORT, _PROTO, _SERVICE, _ZONE, _INTERFACE, _HITS, _VERDICT,
 * _GENERATION (and _PROCESS for binds).
 *
 * One entry when an attempt is new, and one whenever its packets have grown tenfold since; all in
 * all no more than JOURNAL_BURST at once and JOURNAL_RATE a second. How many were left out is said
 * once a minute.
 */
#ifndef ROLEWALL_DAEMON_JOURNAL_H
#define ROLEWALL_DAEMON_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "intake.h"

#define JOURNAL_RATE  5
#define JOURNAL_BURST 100

/* MESSAGE_ID of attempts, and of the summary of those left out. */
#define JOURNAL_ID_ATTEMPT "15be9f81773d46e796734a72ea605466"
#define JOURNAL_ID_OMITTED "fd17daf623504b558f8bd313ee905c43"

struct journal {
	bool exists;
	unsigned int tokens;
	unsigned int seconds; /* since the last summary */
	uint64_t omitted;     /* since then */
};

void journal_open(struct journal *journal);

/* The entry has changed; writes if it is time to. */
void journal_attempt(struct journal *journal, const struct intake *intake,
		     struct history_entry *entry);

/* Once a second. */
void journal_tick(struct journal *journal);

#endif

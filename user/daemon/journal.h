/* SPDX-License-Identifier: GPL-2.0 */
/*
 * journal.h - refused attempts in the systemd journal, with fields of their own:
 * ROLEWALL_REASON, _SOURCE, _PORT, _PROTO, _SERVICE, _ZONE, _INTERFACE, _HITS, _VERDICT,
 * _GENERATION (and _PROCESS for binds). Which of them, and how many: attempt_log.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "report/feed.h"

/* MESSAGE_ID of attempts, and of the summary of those left out. */
#define JOURNAL_ID_ATTEMPT "15be9f81773d46e796734a72ea605466"
#define JOURNAL_ID_OMITTED "fd17daf623504b558f8bd313ee905c43"

/* Is there one? */
bool journal_exists(void);

void journal_attempt(const struct feed_attempt *attempt, uint32_t generation);

/* So many changes of attempts were left out. */
void journal_omitted(uint64_t count);

/* Adds a field to an entry; a value may have lines. */
void journal_field(FILE *entry, const char *name, const char *value);

/* SPDX-License-Identifier: GPL-2.0 */
/* term.h - what ban and open have in common: until when, why, and who says so. */
#ifndef ROLEWALL_CLI_TERM_H
#define ROLEWALL_CLI_TERM_H

#include <jansson.h>

#include "cli/cli.h"
#include "kernel/lists/ledger_open.h"

struct term {
	int64_t seconds; /* 0 = no end */
	const char *reason;
	char who[TIMED_WHO_MAX + 1];
};

/* `duration` and `reason` as typed; NULL = not given. Returns EXIT_OK, or EXIT_USAGE after
 * printing. */
int term_parse(const struct settings *settings, const char *duration, const char *reason,
	       struct term *ret);

/* An entry of that term which begins now. Borrows from `term`. */
struct timed term_begin(const struct term *term);

/* CIDR as typed. Returns EXIT_OK, or EXIT_USAGE after printing. */
int source_parse(const struct settings *settings, const char *text, struct cidr *ret);

/* Whatever the user should know about a ledger that was opened. */
void ledger_report(const struct settings *settings, const struct ledger *ledger);

/* Bans and openings into maps that are new. What goes wrong is a warning: the policy is in force.
 */
void ledgers_restore(const struct settings *settings);

/* In mode observe neither bans nor openings change what passes. */
void ledger_note_observe(const struct settings *settings, const struct ledger *ledger);

/* "never", or RFC 3339. Returns `ret`, which has TIME_TEXT_MAX bytes. */
const char *expires_text(int64_t expires, char *ret);

/* The document whose array `key` it is, without holding all of it in memory. */
void timed_print_json(const struct settings *settings, const struct timed_list *list,
		      const char *key);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reasons.h - several reasons for one ban, each with an end of its own: two jails ban an address,
 * and when one of them unbans it the other one's ban stands.
 *
 * A ban ends when the last of its reasons does, and that one is the ban's: it has its `who`,
 * `since` and `reason`. The others stand behind it, in `reason` itself:
 *
 *	REASON [RS EXPIRES US WHO US SINCE US REASON]...	(RS 0x1e, US 0x1f; times in seconds)
 *
 * So the file has one line for each ban, as before, and a program that knows of one reason only
 * reads the one that counts. What a person types has no control characters. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lists/timeout_list.h"

#define REASONS_MAX 32 /* of one ban: of more, those that end last */

struct reason {
	int64_t expires; /* ns since the epoch; 0 = never */
	int64_t since;	 /* seconds since the epoch; 0 = not known */
	const char *who; /* borrowed */
	const char *text;
};

struct reasons {
	struct reason list[REASONS_MAX]; /* the first is the ban's */
	size_t count;
	char *text; /* owned; what those point into that were read */
};

void reasons_free(struct reasons *reasons);
#define _reasons_ __attribute__((cleanup(reasons_free)))

/* Of an entry, at least one; behind the first, what is damaged is left out. 0 or -ENOMEM. */
int reasons_read(const struct timeout *entry, struct reasons *ret);

/* Those that are over, though the ban is not. */
void reasons_drop_ended(struct reasons *reasons, int64_t now);

/* Add it, or put its end off. False: it is there, and ends no sooner; or there is no room. */
bool reasons_add(struct reasons *reasons, const struct reason *reason);

/* False: it is not there. */
bool reasons_remove(struct reasons *reasons, const char *text);

/*
 * What an entry of these says: its end, who, since, reason. `ret_text` is owned by the caller, and
 * has to outlive the entry. There is at least one. 0 or -ENOMEM.
 */
int reasons_write(const struct reasons *reasons, struct timeout *entry, char **ret_text);

/* The ban's own reason, without the others, cut where it is too long. Returns `ret`. */
const char *reason_first(const struct timeout *entry, char ret[TIMEOUT_REASON_MAX + 1]);

/* SPDX-License-Identifier: GPL-2.0 */
/* expiry.h - what ban and open have in common: until when, why, and who says so. */
#pragma once

#include <jansson.h>

#include "cli/cli.h"
#include "kernel/lists/store_open.h"

struct expiry {
	int64_t seconds; /* 0 = no end */
	const char *reason;
	char who[TIMEOUT_WHO_MAX + 1];
};

/* `duration` and `reason` as typed; NULL = not given. Returns EXIT_OK, or EXIT_USAGE after
 * printing. */
int expiry_parse(const struct settings *settings, const char *duration, const char *reason,
		 struct expiry *ret);

/* An entry of that expiry which begins now. Borrows from `expiry`. */
struct timeout expiry_begin(const struct expiry *expiry);

/* CIDR as typed. Returns EXIT_OK, or EXIT_USAGE after printing. */
int source_parse(const struct settings *settings, const char *text, struct cidr *ret);

/* Whatever the user should know about a store that was opened. */
void store_report(const struct settings *settings, const struct store *store);

/*
 * Bans and openings into maps that are new. What goes wrong is a warning: the policy is in force.
 */
void stores_restore(const struct settings *settings);

/* In mode observe neither bans nor openings change what passes. */
void store_note_observe(const struct settings *settings, const struct store *store);

/* "never", or RFC 3339. Returns `ret`, which has TIME_TEXT_MAX bytes. */
const char *expires_text(int64_t expires, char *ret);

/* The document whose array `key` it is, without holding all of it in memory. */
void timeout_print_json(const struct settings *settings, const struct timeout_list *list,
			const char *key);

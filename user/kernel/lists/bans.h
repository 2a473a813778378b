/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bans.h - sources that get nothing, whatever the policy says: the maps `bans` (addresses) and
 * `ban_prefixes`, and LIB_DIR/bans.tsv (store.h).
 *
 * The programs do not look at the end of a ban: the daemon removes what has ended, or the next
 * process that opens all of the bans.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/lists/store_open.h"
#include "kernel/object/instance.h"
#include "util/error.h"

/* Everything that is banned, until the store is closed. -ENOENT: nothing is applied. */
int bans_open(const struct instance *instance, struct store *ret, struct error *ret_error);

/* The same for a change of one: however many there are, it takes no longer. */
int bans_open_for_one(const struct instance *instance, struct store *ret, struct error *ret_error);

/* What the file says, without what has ended: takes no lock and asks no kernel. */
int bans_read_file(const struct instance *instance, struct timeout_list *ret,
		   struct error *ret_error);

/* Put back what is missing, remove what has ended (store_tidy()). */
int bans_tidy(const struct instance *instance, struct error *ret_damage, struct error *ret_error);

size_t bans_total(const struct store *store);

/* What is to be banned, in one step. `path` is NULL, or the file whose line `id` an entry is. */
struct bans_request {
	struct timeout_list *bans; /* will be sorted, and has in the end what was changed */
	const char *path;
	bool force;   /* peers and wide prefixes, too */
	bool replace; /* even a ban that ends later, or never, and whatever its reasons */
	/* Told of each that must not be banned, which is then left out; NULL: it makes all fail. */
	void (*on_skip)(void *context, const struct timeout *ban, const struct error *why);
	void *context; /* for on_skip */
};

struct bans_result {
	size_t added;
	size_t renewed; /* were banned already, and now end later */
	size_t skipped; /* must not be banned, and were left out */
	size_t kept; /* were banned already, as long or longer: a new reason is noted (reasons.h) */
	size_t total; /* bans there are */
};

/*
 * All of them (but for what is skipped) or, with an error, none: -EINVAL for one that must not be
 * banned (guard.h).
 */
int bans_add(struct store *store, const struct bans_request *request, struct bans_result *ret,
	     struct error *ret_error);

/* Its end, and who wanted it and why (store_look_up()). -ENOENT: it is not banned by itself. */
int bans_look_up(const struct store *store, struct timeout *ban, char **ret_text,
		 struct error *ret_error);

/* -ENOENT: it is not banned; the hint names a ban that covers it. */
int bans_remove(struct store *store, const struct cidr *source, struct error *ret_error);

int bans_clear(struct store *store, struct error *ret_error);

struct bans_left {
	bool had_reason; /* it was banned for that, and is not any more */
	bool is_banned;	 /* for another reason: */
	char reason[TIMEOUT_REASON_MAX + 1];
};

/* Take one reason away, and the ban with its last one. That there is none is no error. */
int bans_remove_reason(struct store *store, const struct cidr *source, const char *reason,
		       struct bans_left *ret, struct error *ret_error);

/* The same of all bans, in one step. */
int bans_clear_reason(struct store *store, const char *reason, struct error *ret_error);

/*
 * A list of addresses and prefixes, one a line; a "#" or ";" begins a comment. Each becomes an
 * entry like `model`, with the number of its line as id. -EINVAL: FILE:LINE is in `ret_error`.
 * Changes `text`. `ret` is owned by the caller.
 */
int bans_parse(const char *path, char *text, const struct timeout *model, struct timeout_list *ret,
	       struct error *ret_error);

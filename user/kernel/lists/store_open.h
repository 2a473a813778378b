/* SPDX-License-Identifier: GPL-2.0 */
/* store_open.h - open a store, and keep it in step with the file and the clock. */
#pragma once

#include "kernel/lists/store.h"

#define _store_ __attribute__((cleanup(store_close)))

/*
 * Restore what is missing, remove what has ended, read what is there. -ENOENT: nothing is applied.
 * A damaged file is no error: its good lines count, and it is kept as KIND.tsv.damaged.
 */
int store_open(const struct instance *instance, const struct store_kind *kind, struct store *ret,
	       struct error *ret_error);
/* For a change of one entry: a long list is then not read, and what has ended stays in it. */
int store_open_for_one(const struct instance *instance, const struct store_kind *kind,
		       struct store *ret, struct error *ret_error);
void store_close(struct store *store);

/*
 * Open it only as far as something is to be restored or has ended. A damage goes to `ret_damage`.
 */
int store_tidy(const struct instance *instance, const struct store_kind *kind,
	       struct error *ret_damage, struct error *ret_error);

/* What the file says, without what has ended. No lock, no maps: the file is whole at any time. */
int store_read_file(const struct instance *instance, const struct store_kind *kind,
		    struct timeout_list *ret, struct error *ret_error);

/*
 * All that is known of one entry, however the store was opened. `ret_text` is owned by the caller,
 * and holds the words. -ENOENT: it is not there.
 */
int store_look_up(const struct store *store, struct timeout *entry, char **ret_text,
		  struct error *ret_error);

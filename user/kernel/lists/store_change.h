/* SPDX-License-Identifier: GPL-2.0 */
/* store_change.h - change what an open store holds, in the maps and in the file. */
#pragma once

#include "kernel/lists/store.h"

/*
 * In one step: take away `removed`, put in `added` (sorted; what is there already is replaced).
 * Either may be NULL; they have nothing in common. On failure everything is as it was. The strings
 * of `added` must outlive the store.
 */
int store_change(struct store *store, const struct timeout_list *removed,
		 const struct timeout_list *added, struct error *ret_error);

/* A change of one entry, however the store was opened. */
int store_change_one(struct store *store, struct timeout *entry, bool gone,
		     struct error *ret_error);

/* Take entries out of the maps and the list. The file may go on having them: they have ended. */
int store_forget(struct store *store, const struct timeout_list *gone, struct error *ret_error);

/* Say what -errno means for a change; returns what is to be returned. */
int change_refused(const struct store *store, int error, struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * store_file.h - LIB_DIR/KIND.tsv of a store: read it, write it anew, or add a change at its end.
 *
 * Both ways of writing are durable, and a crash leaves what was before or what is after: a new file
 * takes the place of the old one, and a change counts once the heading's size includes it.
 */
#pragma once

#include <stdbool.h>

#include "kernel/lists/store.h"

/* No file is an empty one. What is wrong with its content goes into store->damage. */
int store_file_load(struct store *store, struct timeout_list *ret, struct error *ret_error);

/* Who wanted this one entry, since when and why; "" if it is not there. `ret_text` is owned by the
 * caller, and holds the words. */
int store_file_find(const struct store *store, struct timeout *entry, char **ret_text,
		    struct error *ret_error);

/* A damaged file is kept as KIND.tsv.damaged: nothing that might be of use is overwritten. */
void store_file_set_aside(struct store *store);

int store_file_save(const struct store *store, const struct timeout_list *list,
		    struct error *ret_error);

/* Or has it so many changes that it is better written anew? */
bool store_file_has_room(const struct timeout_heading *heading);

/*
 * The file, to add changes to, becomes store->tail. False if that cannot be: it is not there, not
 * as long as it says, or has no room.
 */
bool store_file_open_tail(struct store *store);

/* On failure the file is as it was. */
int store_file_append(struct store *store, const struct timeout *entry, bool gone,
		      struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ledger_file.h - LIB_DIR/KIND.tsv of a ledger: read it, write it anew, or add a change at its end.
 *
 * Both ways of writing are durable, and a crash leaves what was before or what is after: a new file
 * takes the place of the old one, and a change counts once the heading's size includes it.
 */
#ifndef ROLEWALL_KERNEL_LEDGER_FILE_H
#define ROLEWALL_KERNEL_LEDGER_FILE_H

#include <stdbool.h>

#include "kernel/lists/ledger.h"

/* No file is an empty one. What is wrong with its content goes into ledger->damage. */
int ledger_file_load(struct ledger *ledger, struct timed_list *ret, struct error *ret_error);

/* Who wanted this one entry, since when and why; "" if it is not there. `ret_text` is owned by the
 * caller, and holds the words. */
int ledger_file_find(const struct ledger *ledger, struct timed *entry, char **ret_text,
		     struct error *ret_error);

/* A damaged file is kept as KIND.tsv.damaged: nothing that might be of use is overwritten. */
void ledger_file_set_aside(struct ledger *ledger);

int ledger_file_save(const struct ledger *ledger, const struct timed_list *list,
		     struct error *ret_error);

/* Or has it so many changes that it is better written anew? */
bool ledger_file_has_room(const struct timed_heading *heading);

/*
 * The file, to add changes to, becomes ledger->tail. False if that cannot be: it is not there, not
 * as long as it says, or has no room.
 */
bool ledger_file_open_tail(struct ledger *ledger);

/* On failure the file is as it was. */
int ledger_file_append(struct ledger *ledger, const struct timed *entry, bool gone,
		       struct error *ret_error);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_open.h - open a ledger, and keep it in step with the file and the clock. */
#ifndef ROLEWALL_KERNEL_LEDGER_OPEN_H
#define ROLEWALL_KERNEL_LEDGER_OPEN_H

#include "kernel/lists/ledger.h"

#define _ledger_ __attribute__((cleanup(ledger_close)))

/*
 * Restore what has to be, remove what has ended, read what is there. -ENOENT: nothing is applied.
 * A damaged file is no error: its good lines count, and it is kept as KIND.tsv.damaged.
 */
int ledger_open(const struct instance *instance, const struct ledger_kind *kind, struct ledger *ret,
		struct error *ret_error);
/* For a change of one entry: a long list is then not read, and what has ended stays in it. */
int ledger_open_for_one(const struct instance *instance, const struct ledger_kind *kind,
			struct ledger *ret, struct error *ret_error);
void ledger_close(struct ledger *ledger);

/* Open it only as far as something is to be restored or has ended. A damage goes to `ret_damage`.
 */
int ledger_tidy(const struct instance *instance, const struct ledger_kind *kind,
		struct error *ret_damage, struct error *ret_error);

/* What the file says, without what has ended. No lock, no maps: the file is whole at any time. */
int ledger_read_file(const struct instance *instance, const struct ledger_kind *kind,
		     struct timed_list *ret, struct error *ret_error);

/*
 * All that is known of one entry, however the ledger was opened. `ret_text` is owned by the caller,
 * and holds the words. -ENOENT: it is not there.
 */
int ledger_look_up(const struct ledger *ledger, struct timed *entry, char **ret_text,
		   struct error *ret_error);

#endif

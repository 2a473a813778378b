/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_change.h - change what an open ledger holds, in the maps and in the file. */
#ifndef ROLEWALL_KERNEL_LEDGER_CHANGE_H
#define ROLEWALL_KERNEL_LEDGER_CHANGE_H

#include "kernel/lists/ledger.h"

/*
 * In one step: take away `removed`, put in `added` (sorted; what is there already is replaced).
 * Either may be NULL; they have nothing in common. On failure everything is as it was. The strings
 * of `added` must outlive the ledger.
 */
int ledger_change(struct ledger *ledger, const struct timed_list *removed,
		  const struct timed_list *added, struct error *ret_error);

/* A change of one entry, however the ledger was opened. */
int ledger_change_one(struct ledger *ledger, struct timed *entry, bool gone,
		      struct error *ret_error);

/* Take entries out of the maps and the list. The file may go on having them: they have ended. */
int ledger_forget(struct ledger *ledger, const struct timed_list *gone, struct error *ret_error);

/* Say what -errno means for a change; returns what is to be returned. */
int change_refused(const struct ledger *ledger, int error, struct error *ret_error);

#endif

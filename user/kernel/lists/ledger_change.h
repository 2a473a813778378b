/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_change.h - what ledger.c needs of ledger_change.c beside ledger_change() itself. */
#ifndef ROLEWALL_KERNEL_LEDGER_CHANGE_H
#define ROLEWALL_KERNEL_LEDGER_CHANGE_H

#include "kernel/lists/ledger.h"

/* Take entries out of the maps and the list. The file may go on having them: they have ended. */
int ledger_forget(struct ledger *ledger, const struct timed_list *gone, struct error *ret_error);

/* Say what -errno means for a change; returns what is to be returned. */
int change_refused(const struct ledger *ledger, int error, struct error *ret_error);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fold.h - floods and scans as one row each, which can be opened. Pure.
 *
 * A row may go into a fold if it is one attempt of at most FOLD_PACKETS packets. FOLD_ROWS of them
 * become one row: those of one source and reason (a scan); else those of one port and reason (a
 * flood from everywhere). Else FOLD_ALL_ROWS of one reason do (a flood to everywhere). Of the last
 * two only what comes from sources with at most FOLD_SIBLINGS rows: who comes slowly, but again,
 * is seen.
 */
#pragma once

#include "live/row.h"

#define FOLD_ROWS     32
#define FOLD_ALL_ROWS 256
#define FOLD_PACKETS  8
#define FOLD_SIBLINGS 2
#define FOLDS_OPEN    16

/* Which are open: the newest FOLDS_OPEN of them. */
struct folds {
	struct fold_key keys[FOLDS_OPEN];
	size_t count;
};

bool folds_has(const struct folds *folds, const struct fold_key *key);

/* Open it, or close it. */
void folds_toggle(struct folds *folds, const struct fold_key *key);

/*
 * In place of rows that are folded, `list` has the fold. `ret_children`, owned by the caller, has the
 * rows of those that are open, one fold after the other. Leaves `list` in any order. 0 or -ENOMEM.
 */
int fold_rows(struct row **list, size_t *count, const struct folds *open, struct row **ret_children,
	      size_t *ret_child_count);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * advice.h - what is allowed, but probably not meant.
 */
#pragma once

#include <stddef.h>

struct model;
struct merged;
struct tables;

struct warning {
	char what[512];	 /* advice that is not followed, and what it means */
	char where[512]; /* FILE:LINE:COLUMN, or empty */
};

struct warnings {
	struct warning *list; /* owned */
	size_t count;
};

void warnings_free(struct warnings *warnings);

/* Every warning about this policy. 0 or -ENOMEM; `ret` is the caller's to free, also on failure. */
int advice_collect(const struct model *model, const struct merged *merged,
		   const struct tables *tables, struct warnings *ret);

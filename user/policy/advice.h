/* SPDX-License-Identifier: GPL-2.0 */
/*
 * advice.h - what is allowed, but probably not meant.
 */
#ifndef ROLEWALL_POLICY_ADVICE_H
#define ROLEWALL_POLICY_ADVICE_H

#include "policy/compile.h"
#include "policy/merge.h"
#include "policy/model.h"

/* Every warning about this policy. 0 or -ENOMEM; `ret` is the caller's to free, also on failure. */
int advice_collect(const struct model *model, const struct merged *merged,
		   const struct tables *tables, struct warnings *ret);

#endif

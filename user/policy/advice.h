/* SPDX-License-Identifier: GPL-2.0 */
/*
 * advice.h - the warnings that a policy deserves by itself, whatever host it is for.
 */
#pragma once

#include "util/warnings.h"

struct model;
struct merged;
struct tables;

/*
 * Every warning about this policy, but for those that its node file accepts. 0 or -ENOMEM; `ret` is
 * the caller's to free, also on failure.
 */
int advice_collect(const struct model *model, const struct merged *merged,
		   const struct tables *tables, struct warnings *ret);

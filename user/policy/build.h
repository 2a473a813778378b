/* SPDX-License-Identifier: GPL-2.0 */
/*
 * build.h - third stage of policy/: the merged policy as tables.
 */
#pragma once

#include "policy/merge.h"
#include "policy/model.h"
#include "policy/tables.h"

/* 0, -EINVAL or -ENOMEM. `ret` owns all it points to. */
int tables_build(const struct model *model, const struct merged *merged, struct tables *ret,
		 struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compile.h - the way of a policy, as one call: files -> model -> merged policy -> tables.
 */
#pragma once

#include "policy/advice.h"
#include "policy/read.h"
#include "policy/tables.h"

/*
 * Compile what `source` names. As policy_compile(), which takes the cluster and the node from the
 * node file.
 */
int policy_compile_from(const struct policy_source *source, struct tables *ret_tables,
			struct warnings *ret_warnings, struct error *ret_error);

/*
 * Compile `node_file` with the profiles below `roles_dir` (one directory each).
 * Returns 0, or -errno with `ret_error` filled (-ENOENT: a file is missing; -EINVAL: its content is
 * wrong; -ENOMEM). `ret_tables` and `ret_warnings` are untouched on failure; on success the caller
 * owns both. `ret_warnings` may be NULL.
 */
int policy_compile(const char *node_file, const char *roles_dir, struct tables *ret_tables,
		   struct warnings *ret_warnings, struct error *ret_error);

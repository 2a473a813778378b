/* SPDX-License-Identifier: GPL-2.0 */
/* read.h - every file that a policy is made from, as one model. */
#pragma once

#include "policy/model.h"
#include "util/error.h"

/* Where a policy comes from. */
struct policy_source {
	const char *node_file;
	const char *text; /* that the node file is to have, in place of what it has; NULL: that */
	size_t text_size;
	const char *roles_dir;
	const char *cluster_file; /* in place of the node file's; NULL: what that says */
	const char *node;	  /* another node of the cluster than the file's; NULL: its own */
	const char *
		resolved_dir; /* where the addresses of names in sets are (resolved.h); NULL: nowhere */
};

/* The node file, its cluster, the directory of its profile and its role files. 0 or -errno. */
int model_read_from(const struct policy_source *source, struct model *ret, struct error *ret_error);

/* The same, as the node file says. */
int model_read(const char *node_file, const char *roles_dir, struct model *ret,
	       struct error *ret_error);
void model_free(struct model *model);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * profile.h - one profile with all its roles.
 */
#pragma once

#include <stddef.h>

#include "tables/compare.h"
#include "policy/model.h"
#include "policy/profile_files.h"

struct profile {
	char name[TABLES_NAME_MAX];
	struct role_model *roles; /* owned; every-node first, the others by name */
	size_t role_count;
};

/* Every role file of a profile. -ENOENT: there is no such profile. */
int profile_read(const char *roles_dir, const char *name, struct profile *ret,
		 struct error *ret_error);
void profile_free(struct profile *profile);

/* NULL: the profile does not have it. */
const struct role_model *profile_role(const struct profile *profile, const char *name);

/* The rules of one role, as they would be on a node that plays no other. 0 or -ENOMEM. */
int role_rules(const struct role_model *role, struct rule **ret, size_t *ret_count);

/*
 * What changes for a node that plays `role` when it moves from one profile to another. `before` and
 * `after` may be NULL: the profile does not have the role. The rules that the changes point into
 * are owned by `ret`.
 */
struct role_change {
	struct rule *before_rules, *after_rules; /* owned */
	struct changes ports;			 /* owned */
};
int roles_compare(const struct role_model *before, const struct role_model *after,
		  struct role_change *ret);
void role_change_free(struct role_change *change);

/* SPDX-License-Identifier: GPL-2.0 */
/* role.h - a role file: which services a role has. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

/* `ret` is to be freed on failure, too. */
int role_model_read(const char *file, struct role_model *ret, struct error *ret_error);
void role_model_free(struct role_model *role);

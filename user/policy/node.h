/* SPDX-License-Identifier: GPL-2.0 */
/* node.h - the node file. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

/* `ret` is to be freed on failure, too. */
int node_model_read(const char *file, struct node_model *ret, struct error *ret_error);

/* The same of `text`, which is or will be the content of `file`. */
int node_model_read_as(const char *file, const char *text, size_t size, struct node_model *ret,
		       struct error *ret_error);
void node_model_free(struct node_model *node);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prefix_file.h - a text file of prefixes: one a line, "#" begins a comment.
 */
#pragma once

#include "policy/model.h"

/*
 * Append what `file` lists to `into`; each points into the file. 0 or -errno. `ret` is to be freed
 * by the caller, on failure too if it is not NULL then: an error may point into it.
 */
int prefix_file_read(const char *file, struct document **ret, struct source_list *into,
		     struct error *ret_error);

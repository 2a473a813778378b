/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replace.h - new content for a file that people edit, too.
 *
 * A symbolic link is followed and stays; mode, owner and extended attributes stay. A crash leaves
 * the old content or the new. Of two commands at a time the second one fails; so does one that
 * finds other content than it has read. (An editor that saves in the very moment between the last
 * look and the rename is not noticed.)
 */
#pragma once

#include <stddef.h>

#include "util/error.h"

/* What a file holds. */
struct content {
	const char *text;
	size_t size;
};

/*
 * Replace `before`, as it was read from `path`, by `after`. 0; -ESTALE: the file holds something
 * else; others as the file system says. On failure nothing has changed.
 */
int file_replace(const char *path, const struct content *before, const struct content *after,
		 struct error *ret_error);

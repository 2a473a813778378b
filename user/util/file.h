/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file.h - read a whole file; write one so that a crash leaves the old content or the new.
 */
#ifndef ROLEWALL_UTIL_FILE_H
#define ROLEWALL_UTIL_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/*
 * Read `path`, at most `limit` bytes. The text is owned by the caller and ends in a NUL that is not
 * counted in `ret_size`. -EFBIG: longer than `limit`; others as open() and read() say.
 */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_size,
	      struct error *ret_error);

/*
 * Replace the content of `path`: a temporary file beside it is written, synced, given `mode`,
 * renamed over it, and the folder is synced. Whatever happens in between, `path` holds all of the
 * old content or all of the new. A symbolic link at `path` is replaced, not followed. On failure
 * the temporary file is gone.
 */
int file_write_durably(const char *path, const void *data, size_t size, mode_t mode,
		       struct error *ret_error);

#endif

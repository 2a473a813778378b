/* SPDX-License-Identifier: GPL-2.0 */
/*
 * file.h - read a whole file; write one so that a crash leaves the old content or the new.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "util/error.h"

/*
 * Read `path`, at most `limit` bytes. The text is owned by the caller and ends in a NUL that is not
 * counted in `ret_size`. -EFBIG: longer than `limit`; others as open() and read() say.
 */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_size,
	      struct error *ret_error);

/* The same of what is open already, from where it stands: `name` is for the message. */
int file_read_open(int fd, const char *name, size_t limit, char **ret_text, size_t *ret_size,
		   struct error *ret_error);

/*
 * Replace the content of `path`, in three steps, each durable before the next:
 *   file_stage    writes PATH.next, with `mode`, and syncs it: a full disk can still refuse;
 *   file_publish  renames it over `path`; on failure it is still staged;
 *   file_sync     syncs the directory: until then a power failure may bring the old content back.
 * Whatever happens in between, `path` holds all of the old content or all of the new. A symbolic
 * link at `path` is replaced, not followed. What a killed process has left staged goes with the
 * next write, or with file_discard(). `path` has one writer at a time: a lock of the caller's.
 */
int file_stage(const char *path, const void *data, size_t size, mode_t mode,
	       struct error *ret_error);
int file_publish(const char *path, struct error *ret_error);
int file_sync(const char *path, struct error *ret_error);

/* Forget what is staged for `path`, or for any file of a directory; there may be nothing. */
void file_discard(const char *path);
void file_discard_all(const char *directory);

/*
 * As file_stage(), with mode, owner and extended attributes (access lists, labels) of the file that
 * is open as `like`.
 */
int file_stage_like(const char *path, const void *data, size_t size, int like,
		    struct error *ret_error);

/* All three. Until it is published, a failure leaves nothing staged. */
int file_write_durably(const char *path, const void *data, size_t size, mode_t mode,
		       struct error *ret_error);

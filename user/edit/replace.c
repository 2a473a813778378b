/* SPDX-License-Identifier: GPL-2.0 */
/* replace.c - stage, look once more, rename. */
#include "edit/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/file.h"

static int refuse_stale(const char *path, struct error *ret_error)
{
	error_set(ret_error, ESTALE, "\"%s\" has been changed by somebody else meanwhile", path);
	error_hint(ret_error, "nothing was written; say it again");
	return -ESTALE;
}

/*
 * Is the file that is locked still the one of that name? The holder of the lock before may have put
 * another one there.
 */
static bool is_same_file(const char *path, int fd)
{
	struct stat named, locked;

	return stat(path, &named) == 0 && fstat(fd, &locked) == 0 &&
	       named.st_ino == locked.st_ino && named.st_dev == locked.st_dev;
}

static int content_check(const char *path, const struct content *wanted, struct error *ret_error)
{
	_free_ char *text = NULL;
	size_t size;
	int r = file_read(path, wanted->size, &text, &size, ret_error);

	if (r == 0 && size == wanted->size && !memcmp(text, wanted->text, size))
		return 0;
	return r && r != -EFBIG ? r : refuse_stale(path, ret_error);
}

/* From here on until `ret_fd` is closed no other process is where this one is. */
static int file_lock(const char *path, int *ret_fd, struct error *ret_error)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		int saved = errno;

		return error_set(ret_error, saved, "cannot open \"%s\": %s", path, strerror(saved));
	}
	if (!is_same_file(path, fd))
		return refuse_stale(path, ret_error);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int file_replace(const char *path, const struct content *before, const struct content *after,
		 struct error *ret_error)
{
	_close_ int fd = -1;
	char target[PATH_MAX];
	int r;

	if (!realpath(path, target))
		return error_set(ret_error, errno, "cannot find \"%s\": %s", path, strerror(errno));
	r = file_lock(target, &fd, ret_error);
	if (r == 0)
		r = file_stage_like(target, after->text, after->size, fd, ret_error);
	if (r < 0)
		return r;
	r = content_check(target, before, ret_error);
	if (r == 0)
		r = file_publish(target, ret_error);
	if (r < 0)
		file_discard(target);
	return r < 0 ? r : file_sync(target, ret_error);
}

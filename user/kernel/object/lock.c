/* SPDX-License-Identifier: GPL-2.0 */
/* lock.c - flock on a file of the state directory. */
#include "kernel/object/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define PATH_SIZE 4096

static void lock_path(const struct instance *instance, const char *name, char ret[PATH_SIZE])
{
	snprintf(ret, PATH_SIZE, "%s/%s", instance->state_dir, name);
}

static void wait_tell(const struct instance *instance, const char *name)
{
	if (instance->on_wait)
		instance->on_wait(instance->context, name);
}

static int wait_for(const struct instance *instance, const char *name, int fd, bool *ret_waited)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return -errno;
	if (!ret_waited)
		return -EBUSY;
	if (instance->never_waits)
		return -EAGAIN;
	if (!*ret_waited)
		wait_tell(instance, name);
	*ret_waited = true;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* `down` removes the lock with everything else: what was opened before may not be what is there
 * now. */
static bool is_still_there(int fd, const char *path)
{
	struct stat mine, theirs;

	return fstat(fd, &mine) == 0 && stat(path, &theirs) == 0 && mine.st_ino == theirs.st_ino &&
	       mine.st_dev == theirs.st_dev;
}

/*
 * The directory, made if need be. One that goes while we look is made again by the next try; a link
 * that leads nowhere is neither a directory nor out of the way, however often it is tried.
 */
static int directory_have(const char *path)
{
	struct stat found;

	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno; /* ENOENT: the directory above it is missing */
	if (stat(path, &found))
		return lstat(path, &found) == 0 && S_ISLNK(found.st_mode) ? -ENOTDIR : 0;
	return S_ISDIR(found.st_mode) ? 0 : -ENOTDIR;
}

static int open_and_lock(const struct instance *instance, const char *name, int *ret_fd,
			 bool *ret_waited)
{
	char path[PATH_SIZE];

	lock_path(instance, name, path);
	for (;;) {
		_close_ int fd = -1;
		int r = directory_have(instance->state_dir);

		if (r)
			return r;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == ENOENT)
			continue; /* the directory went between the two calls */
		r = fd < 0 ? -errno : wait_for(instance, name, fd, ret_waited);
		if (r)
			return r;
		if (!is_still_there(fd, path))
			continue;
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
}

int lock_take(const struct instance *instance, const char *name, int *ret_fd, bool *ret_waited,
	      struct error *ret_error)
{
	char path[PATH_SIZE];
	int r;

	if (ret_waited)
		*ret_waited = false;
	r = open_and_lock(instance, name, ret_fd, ret_waited);
	if (!r)
		return 0;
	error_set(ret_error, -r, "cannot take the lock: %s", strerror(-r));
	lock_path(instance, name, path);
	error_where(ret_error, "%s", path);
	if (r == -EACCES || r == -EPERM)
		error_hint(ret_error, "run it as root");
	else if (r == -ENOENT)
		error_hint(ret_error, "the directory above --state-dir does not exist");
	else if (r == -ENOTDIR)
		error_hint(ret_error, "--state-dir is no directory, or a link that leads to none");
	return r;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* file.c - whole files in, whole files out. */
#include "util/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "util/cleanup.h"

static ssize_t read_again(int fd, void *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Read to the end, or one byte more than `limit`. The size that fstat() states is not reliable. */
static int read_up_to(int fd, size_t limit, char **ret_text, size_t *ret_size)
{
	_free_ char *text = NULL;
	size_t size = 0, room = 0;

	for (;;) {
		ssize_t got;

		if (size + 1 >= room) {
			char *grown = realloc(text, room ? room * 2 : 4096);

			if (!grown)
				return -ENOMEM;
			text = grown;
			room = room ? room * 2 : 4096;
		}
		got = read_again(fd, text + size, room - size - 1);
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		size += got;
		if (size > limit)
			return -EFBIG;
	}
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

/* A FIFO without a writer counts as empty. The caller may hold a lock, so do not wait for one. */
static int open_to_read(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0)
		return -1;
	return TAKE_FD(fd);
}

int file_read_open(int fd, const char *name, size_t limit, char **ret_text, size_t *ret_size,
		   struct error *ret_error)
{
	int r = read_up_to(fd, limit, ret_text, ret_size);

	if (r == -EFBIG)
		return error_set(ret_error, EFBIG, "\"%s\" is larger than %zu bytes", name, limit);
	if (r < 0)
		return error_set(ret_error, -r, "cannot read \"%s\": %s", name, strerror(-r));
	return 0;
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_size,
	      struct error *ret_error)
{
	_close_ int fd = open_to_read(path);

	if (fd < 0) {
		int saved = errno;

		return error_set(ret_error, saved, "cannot open \"%s\": %s", path, strerror(saved));
	}
	return file_read_open(fd, path, limit, ret_text, ret_size, ret_error);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, data, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		data += put;
		size -= put;
	}
	return 0;
}

static int sync_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	_close_ int fd = -1;
	char directory[PATH_MAX];

	if (!slash)
		snprintf(directory, sizeof(directory), ".");
	else
		snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path + 1), path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

#define STAGED ".next"

static int staged_path(const char *path, char ret[PATH_MAX])
{
	if (snprintf(ret, PATH_MAX, "%s" STAGED, path) < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

/* What a killed process left is not written to, whatever it is: it goes. */
static int open_staged(const char *staged)
{
	if (unlink(staged) < 0 && errno != ENOENT)
		return -1;
	return open(staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Labels may be the kernel's own affair: one that cannot be set is what the directory gives. */
static int attributes_copy(int from, int to)
{
	char names[4096], value[4096];
	ssize_t size = flistxattr(from, names, sizeof(names));

	for (const char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		ssize_t length = fgetxattr(from, name, value, sizeof(value));

		if (length < 0 || (fsetxattr(to, name, value, length, 0) < 0 && errno != EPERM &&
				   errno != EACCES && errno != EOPNOTSUPP))
			return -errno;
	}
	return size < 0 && errno != EOPNOTSUPP ? -errno : 0;
}

/* The owner first: that takes bits of the mode away. */
static int likeness_copy(int from, int to)
{
	struct stat status;

	if (fstat(from, &status) < 0 || fchown(to, status.st_uid, status.st_gid) < 0 ||
	    fchmod(to, status.st_mode & 07777) < 0)
		return -errno;
	return attributes_copy(from, to);
}

/* What is staged, and how it is to look: as `like`, or, where that is -1, with `mode`. */
struct stage {
	const void *data;
	size_t size;
	mode_t mode;
	int like;
};

static int stage_write(int fd, const struct stage *stage)
{
	int r = write_all(fd, stage->data, stage->size);

	if (r == 0 && stage->like >= 0)
		r = likeness_copy(stage->like, fd);
	else if (r == 0 && fchmod(fd, stage->mode) < 0)
		r = -errno;
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int stage_make(const char *path, const struct stage *stage, struct error *ret_error)
{
	_close_ int fd = -1;
	char staged[PATH_MAX];
	int r;

	if (staged_path(path, staged))
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 path);
	fd = open_staged(staged);
	if (fd < 0)
		return error_set(ret_error, errno, "cannot create \"%s\": %s", staged,
				 strerror(errno));
	r = stage_write(fd, stage);
	if (r < 0) {
		unlink(staged);
		return error_set(ret_error, -r, "cannot write \"%s\": %s", path, strerror(-r));
	}
	return 0;
}

int file_stage(const char *path, const void *data, size_t size, mode_t mode,
	       struct error *ret_error)
{
	const struct stage stage = {data, size, mode, -1};

	return stage_make(path, &stage, ret_error);
}

int file_stage_like(const char *path, const void *data, size_t size, int like,
		    struct error *ret_error)
{
	const struct stage stage = {data, size, 0, like};

	return stage_make(path, &stage, ret_error);
}

int file_publish(const char *path, struct error *ret_error)
{
	char staged[PATH_MAX];

	if (staged_path(path, staged) == 0 && rename(staged, path) == 0)
		return 0;
	return error_set(ret_error, errno, "cannot replace \"%s\": %s", path, strerror(errno));
}

int file_sync(const char *path, struct error *ret_error)
{
	int r = sync_directory_of(path);

	return r < 0 ? error_set(ret_error, -r, "cannot sync the directory of \"%s\": %s", path,
				 strerror(-r))
		     : 0;
}

void file_discard(const char *path)
{
	char staged[PATH_MAX];

	if (staged_path(path, staged) == 0)
		unlink(staged);
}

void file_discard_all(const char *directory)
{
	_closedir_ DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, STAGED) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
}

int file_write_durably(const char *path, const void *data, size_t size, mode_t mode,
		       struct error *ret_error)
{
	int r = file_stage(path, data, size, mode, ret_error);

	if (r < 0)
		return r;
	r = file_publish(path, ret_error);
	if (r < 0) {
		file_discard(path);
		return r;
	}
	return file_sync(path, ret_error);
}

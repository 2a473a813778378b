/* SPDX-License-Identifier: GPL-2.0 */
/* directory.c - make and check trusted directories. */
#include "kernel/object/directory.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

static int refuse(const char *path, const char *why, struct error *ret_error)
{
	error_set(ret_error, EUCLEAN, "what is in %s cannot be trusted: %s", path, why);
	error_hint(ret_error,
		   "find out who made it; 'chown root %s && chmod 0750 %s' if all of it is "
		   "yours",
		   path, path);
	return -EUCLEAN;
}

int directory_check(const char *path, struct error *ret_error)
{
	struct stat directory;

	/* Do not follow a symbolic link: its owner decides where it leads. */
	if (lstat(path, &directory))
		return error_set(ret_error, errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(directory.st_mode))
		return refuse(path, "it is no directory", ret_error);
	if (directory.st_uid != 0)
		return refuse(path, "it does not belong to root", ret_error);
	if (directory.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(path, "others may write to it", ret_error);
	return 0;
}

int directory_make(const char *path, struct error *ret_error)
{
	int r;

	if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return directory_check(path, ret_error);
	r = errno;
	error_set(ret_error, r, "cannot make the directory %s: %s", path, strerror(r));
	if (r == EPERM || r == EACCES)
		error_hint(ret_error, "run it as root");
	else if (r == ENOENT)
		error_hint(ret_error, "make the directory above it");
	return -r;
}

int directory_remove(const char *path, struct error *ret_error)
{
	_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;
	char file[4400];

	if (!dir)
		return errno == ENOENT
			       ? 0
			       : error_set(ret_error, errno, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (unlink(file) && errno != ENOENT)
			return error_set(ret_error, errno, "cannot remove %s: %s", file,
					 strerror(errno));
	}
	/* EBUSY: a mount point, which Rolewall did not make. */
	if (rmdir(path) && errno != ENOENT && errno != EBUSY)
		return error_set(ret_error, errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}

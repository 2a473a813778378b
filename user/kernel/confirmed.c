/* SPDX-License-Identifier: GPL-2.0 */
/* confirmed.c - the durable copy of the confirmed node file. */
#include "confirmed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/file.h"
#include "folder.h"

#define NAME   "confirmed.json"
#define STAGED NAME ".next"

static int path_make(const struct instance *instance, const char *name, char *ret, size_t size)
{
	int length = snprintf(ret, size, "%s/%s", instance->lib_dir, name);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

int confirmed_path(const struct instance *instance, char *ret, size_t size)
{
	return path_make(instance, NAME, ret, size);
}

static int paths_make(const struct instance *instance, char final[4096], char staged[4096],
		      struct error *ret_error)
{
	if (path_make(instance, NAME, final, 4096) || path_make(instance, STAGED, staged, 4096))
		return error_set(ret_error, ENAMETOOLONG, "the path %.200s... is too long",
				 instance->lib_dir);
	return 0;
}

static void hint_lib_dir(struct error *ret_error)
{
	error_hint(ret_error, "make room or rights for the copy that a reboot needs, or choose "
			      "another --lib-dir");
}

int confirmed_stage(const struct instance *instance, const char *text, size_t size,
		    struct error *ret_error)
{
	char final[4096], staged[4096];
	int error = folder_make(instance->lib_dir, ret_error);

	if (!error)
		error = paths_make(instance, final, staged, ret_error);
	if (error)
		return error;
	error = file_write_durably(staged, text, size, 0640, ret_error);
	if (error)
		hint_lib_dir(ret_error);
	return error;
}

int confirmed_publish(const struct instance *instance, struct error *ret_error)
{
	char final[4096], staged[4096];
	int error = paths_make(instance, final, staged, ret_error);

	if (error)
		return error;
	if (rename(staged, final) == 0)
		return 0;
	error = error_set(ret_error, errno, "cannot replace %s: %s", final, strerror(errno));
	hint_lib_dir(ret_error);
	return error;
}

int confirmed_sync(const struct instance *instance, struct error *ret_error)
{
	_close_ int fd = open(instance->lib_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return error_set(ret_error, errno,
				 "cannot sync %s: after a power failure the policy before this one "
				 "may return: %s",
				 instance->lib_dir, strerror(errno));
	return 0;
}

int confirmed_write(const struct instance *instance, const struct generation *generation,
		    struct error *ret_error)
{
	_free_ char *text = NULL;
	size_t size;
	int error;

	error = generation_text(generation, &text, &size);
	if (error)
		return error_set(ret_error, -error,
				 "cannot read the node file of generation %u: %s",
				 generation->number, strerror(-error));
	error = confirmed_stage(instance, text, size, ret_error);
	if (!error)
		error = confirmed_publish(instance, ret_error);
	return error ? error : confirmed_sync(instance, ret_error);
}

void confirmed_discard(const struct instance *instance)
{
	char staged[4096];

	if (path_make(instance, STAGED, staged, sizeof(staged)) == 0)
		unlink(staged);
}

void confirmed_remove(const struct instance *instance)
{
	char path[4096];

	confirmed_discard(instance);
	if (confirmed_path(instance, path, sizeof(path)) == 0)
		unlink(path);
	rmdir(instance->lib_dir);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* confirmed.c - the durable copy of the confirmed policy. */
#include "kernel/commit/confirmed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/object/directory.h"
#include "tables/compiled.h"
#include "util/cleanup.h"
#include "util/file.h"

int confirmed_path(const struct instance *instance, char *ret, size_t size)
{
	int length = snprintf(ret, size, "%s/confirmed.json", instance->lib_dir);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static int path_make(const struct instance *instance, char ret[4096], struct error *ret_error)
{
	if (confirmed_path(instance, ret, 4096))
		return error_set(ret_error, ENAMETOOLONG, "the path %.200s... is too long",
				 instance->lib_dir);
	return 0;
}

static int with_hint(int error, struct error *ret_error)
{
	if (error)
		error_hint(ret_error, "make room or rights for the copy that a reboot needs, or "
				      "choose another --lib-dir");
	return error;
}

static int text_make(const struct generation *generation, char **ret_text, size_t *ret_size,
		     struct error *ret_error)
{
	int r = generation_text(generation, ret_text, ret_size);

	return r ? error_set(ret_error, -r, "cannot read the policy of generation %u: %s",
			     generation->number, strerror(-r))
		 : 0;
}

int confirmed_read(const struct instance *instance, struct tables *ret, struct error *ret_error)
{
	_free_ char *text = NULL;
	char path[4096];
	size_t size;
	int r = path_make(instance, path, ret_error);

	if (!r)
		r = directory_check(instance->lib_dir, ret_error);
	if (!r)
		r = file_read(path, COMPILED_BYTES_MAX, &text, &size, ret_error);
	return r ? r : compiled_read(path, text, size, ret, ret_error);
}

int confirmed_stage(const struct instance *instance, const struct generation *generation,
		    struct error *ret_error)
{
	_free_ char *text = NULL;
	char path[4096];
	size_t size;
	int r = directory_make(instance->lib_dir, ret_error);

	if (!r)
		r = path_make(instance, path, ret_error);
	if (!r)
		r = text_make(generation, &text, &size, ret_error);
	if (r)
		return r;
	return with_hint(file_stage(path, text, size, 0640, ret_error), ret_error);
}

int confirmed_publish(const struct instance *instance, struct error *ret_error)
{
	char path[4096];
	int r = path_make(instance, path, ret_error);

	return r ? r : with_hint(file_publish(path, ret_error), ret_error);
}

int confirmed_sync(const struct instance *instance, struct error *ret_error)
{
	struct error cause;
	char path[4096];
	int r = path_make(instance, path, &cause);

	if (!r)
		r = file_sync(path, &cause);
	return r ? error_set(ret_error, -r,
			     "%s; after a power failure the policy before this one may return",
			     cause.what)
		 : 0;
}

int confirmed_write(const struct instance *instance, const struct generation *generation,
		    struct error *ret_error)
{
	int r = confirmed_stage(instance, generation, ret_error);

	if (!r)
		r = confirmed_publish(instance, ret_error);
	return r ? r : confirmed_sync(instance, ret_error);
}

void confirmed_discard(const struct instance *instance)
{
	char path[4096];

	if (confirmed_path(instance, path, sizeof(path)) == 0)
		file_discard(path);
}

bool confirmed_is_there(const struct instance *instance)
{
	char path[4096];

	return instance->lib_dir && confirmed_path(instance, path, sizeof(path)) == 0 &&
	       access(path, F_OK) == 0;
}

bool confirmed_is(const struct instance *instance, const struct generation *generation)
{
	_free_ char *copy = NULL, *text = NULL;
	size_t copy_size, size;
	char path[4096];

	return !confirmed_path(instance, path, sizeof(path)) &&
	       !file_read(path, COMPILED_BYTES_MAX, &copy, &copy_size, NULL) &&
	       !generation_text(generation, &text, &size) && copy_size == size &&
	       memcmp(copy, text, size) == 0;
}

bool confirmed_is_in_force(const struct instance *instance)
{
	_generation_ struct generation generation = GENERATION_NONE;
	_maps_ struct maps maps = MAPS_NONE;

	return maps_open(instance, &maps, NULL) ||
	       generation_current_bare(instance, &maps, &generation, NULL) ||
	       confirmed_is(instance, &generation);
}

int confirmed_forget(const struct instance *instance, struct error *ret_error)
{
	char path[4096];
	int r = path_make(instance, path, ret_error);

	if (r)
		return r;
	if (unlink(path) && errno != ENOENT)
		return error_set(ret_error, errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}

void confirmed_clean(const struct instance *instance)
{
	file_discard_all(instance->lib_dir);
	rmdir(instance->lib_dir);
}

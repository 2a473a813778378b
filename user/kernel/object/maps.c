/* SPDX-License-Identifier: GPL-2.0 */
/* maps.c - find the pinned maps. */
#include "kernel/object/maps.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/object/batch.h"
#include "kernel/object/directory.h"
#include "util/cleanup.h"

static const char *const names[MAP_COUNT] = {
#define MAP_NAME(NAME, name, key, value) [MAP_##NAME] = #name,
	MAPS(MAP_NAME)
#undef MAP_NAME
};

static const struct map_sizes sizes_of[MAP_COUNT] = {
#define MAP_SIZES(NAME, name, key, value) [MAP_##NAME] = {key, value},
	MAPS(MAP_SIZES)
#undef MAP_SIZES
};

const char *map_name(enum map_id id)
{
	return names[id];
}

int pin_path(const struct instance *instance, const char *directory, const char *name, char *ret,
	     size_t size)
{
	int length = snprintf(ret, size, "%s/%s/%s", instance->bpffs_dir, directory, name);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

int map_open(const struct instance *instance, const char *directory, const char *name,
	     const struct map_sizes *sizes, int *ret_fd)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = -1;
	char path[4096];
	int r;

	r = pin_path(instance, directory, name, path, sizeof(path));
	if (r)
		return r;
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (info.key_size != sizes->key || info.value_size != sizes->value)
		return -EPROTO;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int report_pin(const struct instance *instance, enum map_id id, int error,
		      struct error *ret_error)
{
	if (error == -EPROTO)
		error_set(
			ret_error, EPROTO,
			"another version of Rolewall applied the policy in force: its map %s is of "
			"another shape",
			names[id]);
	else
		error_set(ret_error, -error, "cannot open the pinned map %s: %s", names[id],
			  strerror(-error));
	error_where(ret_error, "%s/maps/%s", instance->bpffs_dir, names[id]);
	if (error == -ENOENT)
		error_hint(ret_error, "nothing is applied here; 'rolewall apply' does it");
	else if (error == -EPERM || error == -EACCES)
		error_hint(ret_error, "run it as root");
	else if (error == -EPROTO)
		error_hint(ret_error, HINT_OTHER_VERSION);
	return error;
}

static int open_one(const struct instance *instance, enum map_id id, int *ret,
		    struct error *ret_error)
{
	int r = map_open(instance, "maps", names[id], &sizes_of[id], ret);

	/* Not every kernel has, or needs, all of them (load.c). */
	if (r == -ENOENT && (id == MAP_EVENTS || id == MAP_EVENTS_PERF ||
			     id == MAP_FOREIGN_SOCKETS || id == MAP_FLOWS))
		return 0;
	return r ? report_pin(instance, id, r, ret_error) : 0;
}

bool has_pins(const struct instance *instance, const char *directory)
{
	_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", instance->bpffs_dir, directory);
	dir = opendir(path);
	if (!dir)
		return errno != ENOENT;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

/* Programs hold their maps, pinned or not: a lost pin is no end of the filter. */
static int report_lost(const struct instance *instance, struct error *ret_error)
{
	if (!has_pins(instance, "maps") && !has_pins(instance, "links"))
		return -ENOENT;
	error_hint(ret_error, "pins are lost, though programs may go on filtering; 'rolewall "
			      "apply' makes all of them anew, 'rolewall down' removes the rest");
	return -ESTALE;
}

/* Shapes may be the same where what is in them is not. Zeros: nothing has been attached yet. */
static int check_abi(const struct instance *instance, const struct maps *maps,
		     struct error *ret_error)
{
	struct rw_build build = {0};
	__u32 zero = 0;

	if (bpf_map_lookup_elem(maps->fd[MAP_BUILD], &zero, &build))
		return error_set(ret_error, errno,
				 "cannot read which version applied the policy: %s",
				 strerror(errno));
	if (!build.object || build.abi == RW_ABI_VERSION)
		return 0;
	error_set(ret_error, EPROTO,
		  "another version of Rolewall applied the policy in force: its maps are of layout "
		  "%u, this one's of %u",
		  build.abi, RW_ABI_VERSION);
	error_where(ret_error, "%s/maps", instance->bpffs_dir);
	error_hint(ret_error, HINT_OTHER_VERSION);
	return -EPROTO;
}

int maps_forget(const struct instance *instance, struct error *ret_error)
{
	char path[4096];
	int r = pin_path(instance, "maps", "", path, sizeof(path));

	if (r)
		return error_set(ret_error, -r, "%s: the path is too long", instance->bpffs_dir);
	return directory_remove(path, ret_error);
}

int maps_open(const struct instance *instance, struct maps *ret, struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	int id, r;

	r = directory_check(instance->bpffs_dir, ret_error);
	if (r == -ENOENT)
		error_hint(ret_error, "nothing is applied here; 'rolewall apply' does it");
	for (id = 0; !r && id < MAP_COUNT; id++)
		r = open_one(instance, id, &maps.fd[id], ret_error);
	if (r)
		return r == -ENOENT ? report_lost(instance, ret_error) : r;
	r = check_abi(instance, &maps, ret_error);
	if (r)
		return r;
	*ret = maps;
	maps = (struct maps)MAPS_NONE;
	return 0;
}

void maps_close(struct maps *maps)
{
	int id;

	for (id = 0; id < MAP_COUNT; id++) {
		cleanup_close(&maps->fd[id]);
		maps->fd[id] = -1;
	}
}

static void cpus_add(const unsigned long long *values, int cpus, size_t words,
		     unsigned long long *sum)
{
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < words; i++)
			sum[i] += values[cpu * words + i];
}

int map_sum(int fd, unsigned int key, size_t size, unsigned long long *sum)
{
	int cpus = libbpf_num_possible_cpus();
	_free_ unsigned long long *values = NULL;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, size);
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &key, values))
		return -errno;
	cpus_add(values, cpus, size / sizeof(*values), sum);
	return 0;
}

#define SUM_ELEMENTS 256 /* read at a time; of each there is a value for every CPU */

int map_sum_all(int fd, size_t count, size_t size, unsigned long long *sums)
{
	int r = 0, cpus = libbpf_num_possible_cpus();
	_free_ unsigned long long *values = NULL;
	size_t words = size / sizeof(*values);

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus * SUM_ELEMENTS, size);
	if (!values)
		return -ENOMEM;
	for (size_t from = 0; !r && from < count; from += SUM_ELEMENTS) {
		size_t some = count - from < SUM_ELEMENTS ? count - from : SUM_ELEMENTS;

		r = batch_read_array(fd, cpus * size, from, some, values);
		for (size_t i = 0; !r && i < some; i++)
			cpus_add(values + i * cpus * words, cpus, words, sums + (from + i) * words);
	}
	return r;
}

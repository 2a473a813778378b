/* SPDX-License-Identifier: GPL-2.0 */
/* xdp_link.c - find links by the device that they are attached to. */
#include "kernel/attach/xdp_link.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/attach/link_pin.h"
#include "kernel/object/maps.h"
#include "util/cleanup.h"

#define PIN_PREFIX "xdp-"

int xdp_link_path(const struct instance *instance, uint32_t ifindex, char *ret, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), PIN_PREFIX "%u", ifindex);
	return pin_path(instance, "links", name, ret, size);
}

/* The link that is pinned there, and what the kernel says of it. */
static int link_open(const char *path, struct bpf_link_info *ret_info)
{
	__u32 size = sizeof(*ret_info);
	_close_ int fd = bpf_obj_get(path);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, ret_info, &size))
		return -errno;
	return ret_info->type == BPF_LINK_TYPE_XDP ? TAKE_FD(fd) : -ENODEV;
}

int xdp_link_open(const struct instance *instance, const struct device *device)
{
	struct bpf_link_info info = {0};
	_close_ int fd = -1;
	char path[4096];

	if (xdp_link_path(instance, device->ifindex, path, sizeof(path)))
		return -ENAMETOOLONG;
	fd = link_open(path, &info);
	if (fd < 0)
		return fd;
	if (info.xdp.ifindex != device->ifindex ||
	    (info.prog_id != device->xdp_native && info.prog_id != device->xdp_generic))
		return -ENODEV;
	return TAKE_FD(fd);
}

/* Calls `visit` for each pin of ours, until it returns an error. */
static int pins_walk(const struct instance *instance,
		     int (*visit)(const struct instance *instance, const char *path,
				  const char *name, const void *context),
		     const void *context)
{
	_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[4096];
	int r = 0;

	snprintf(path, sizeof(path), "%s/links", instance->bpffs_dir);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, PIN_PREFIX, strlen(PIN_PREFIX)) != 0)
			continue;
		r = pin_path(instance, "links", entry->d_name, path, sizeof(path));
		if (!r)
			r = visit(instance, path, entry->d_name + strlen(PIN_PREFIX), context);
	}
	return r;
}

static int pin_rename(const struct instance *instance, const char *path, const char *name,
		      const void *context)
{
	struct bpf_link_info info = {0};
	char right[4096];
	_close_ int fd = link_open(path, &info);

	(void)name;
	(void)context;
	if (fd < 0 || !info.xdp.ifindex)
		return 0;
	if (xdp_link_path(instance, info.xdp.ifindex, right, sizeof(right)))
		return -ENAMETOOLONG;
	return strcmp(path, right) && rename(path, right) ? -errno : 0;
}

int xdp_links_rename(const struct instance *instance)
{
	return pins_walk(instance, pin_rename, NULL);
}

struct kept {
	bool (*is_kept)(uint32_t ifindex, const void *context);
	const void *context;
};

static int pin_remove(const struct instance *instance, const char *path, const char *name,
		      const void *context)
{
	const struct kept *kept = context;
	uint32_t ifindex;
	int end = 0;

	(void)instance;
	if (sscanf(name, "%u%n", &ifindex, &end) == 1 && !name[end] &&
	    kept->is_kept(ifindex, kept->context))
		return 0;
	return link_unpin(path);
}

int xdp_links_unpin(const struct instance *instance,
		    bool (*is_kept)(uint32_t ifindex, const void *context), const void *context)
{
	const struct kept kept = {is_kept, context};

	return pins_walk(instance, pin_remove, &kept);
}

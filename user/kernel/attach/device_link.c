/* SPDX-License-Identifier: GPL-2.0 */
/* device_link.c - find links by the device that they are attached to. */
#include "kernel/attach/device_link.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/attach/link_pin.h"
#include "kernel/object/maps.h"
#include "util/cleanup.h"

#define BPF_LINK_TYPE_TCX_ 11 /* linux/bpf.h since 6.6 */

static const struct {
	const char *prefix;
	__u32 type;
} kinds[LINK_KINDS] = {
	[LINK_XDP] = {"xdp-", BPF_LINK_TYPE_XDP},
	[LINK_TC] = {"tc-", BPF_LINK_TYPE_TCX_},
	[LINK_LEAVE] = {"leave-", BPF_LINK_TYPE_TCX_},
};

int device_link_path(const struct instance *instance, enum link_kind kind, uint32_t ifindex,
		     char *ret, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%u", kinds[kind].prefix, ifindex);
	return pin_path(instance, "links", name, ret, size);
}

/* The link that is pinned there, and what the kernel says of it. */
static int link_open(const char *path, enum link_kind kind, struct bpf_link_info *ret_info)
{
	__u32 size = sizeof(*ret_info);
	_close_ int fd = bpf_obj_get(path);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, ret_info, &size))
		return -errno;
	return ret_info->type == kinds[kind].type ? TAKE_FD(fd) : -ENODEV;
}

int device_link_open(const struct instance *instance, enum link_kind kind, uint32_t ifindex,
		     __u32 *ret_program)
{
	struct bpf_link_info info = {0};
	_close_ int fd = -1;
	char path[4096];

	if (device_link_path(instance, kind, ifindex, path, sizeof(path)))
		return -ENAMETOOLONG;
	fd = link_open(path, kind, &info);
	if (fd < 0)
		return fd;
	/* The number is where XDP's is: the first of both (tcx.ifindex, linux/bpf.h since 6.6). */
	if (info.xdp.ifindex != ifindex)
		return -ENODEV;
	*ret_program = info.prog_id;
	return TAKE_FD(fd);
}

struct pin {
	enum link_kind kind;
	const char *path;
	const char *name; /* behind the prefix */
};

typedef int pin_visit(const struct instance *instance, const struct pin *pin, const void *context);

/* -1: it is no link of a device. */
static int kind_of(const char *name)
{
	for (int kind = 0; kind < LINK_KINDS; kind++)
		if (!strncmp(name, kinds[kind].prefix, strlen(kinds[kind].prefix)))
			return kind;
	return -1;
}

/* Calls `visit` for each pin of ours, until it returns an error. */
static int pins_walk(const struct instance *instance, pin_visit *visit, const void *context)
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
		int kind = kind_of(entry->d_name);

		if (kind < 0)
			continue;
		r = pin_path(instance, "links", entry->d_name, path, sizeof(path));
		if (!r)
			r = visit(instance,
				  &(struct pin){kind, path,
						entry->d_name + strlen(kinds[kind].prefix)},
				  context);
	}
	return r;
}

static int pin_rename(const struct instance *instance, const struct pin *pin, const void *context)
{
	struct bpf_link_info info = {0};
	char right[4096];
	_close_ int fd = link_open(pin->path, pin->kind, &info);

	(void)context;
	if (fd < 0 || !info.xdp.ifindex)
		return 0;
	if (device_link_path(instance, pin->kind, info.xdp.ifindex, right, sizeof(right)))
		return -ENAMETOOLONG;
	return strcmp(pin->path, right) && rename(pin->path, right) ? -errno : 0;
}

int device_links_rename(const struct instance *instance)
{
	return pins_walk(instance, pin_rename, NULL);
}

struct kept {
	bool (*is_kept)(uint32_t ifindex, const void *context);
	const void *context;
};

static int pin_remove(const struct instance *instance, const struct pin *pin, const void *context)
{
	const struct kept *kept = context;
	uint32_t ifindex;
	int end = 0;

	(void)instance;
	if (sscanf(pin->name, "%u%n", &ifindex, &end) == 1 && !pin->name[end] &&
	    kept->is_kept(ifindex, kept->context))
		return 0;
	return link_unpin(pin->path);
}

int device_links_unpin(const struct instance *instance,
		       bool (*is_kept)(uint32_t ifindex, const void *context), const void *context)
{
	const struct kept kept = {is_kept, context};

	return pins_walk(instance, pin_remove, &kept);
}

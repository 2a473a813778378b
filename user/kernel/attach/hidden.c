/* SPDX-License-Identifier: GPL-2.0 */
/* hidden.c - what is attached against what is pinned. */
#include "kernel/attach/hidden.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "host/device.h"
#include "kernel/attach/cgroup.h"
#include "kernel/attach/owner.h"
#include "kernel/attach/tc.h"
#include "kernel/object/maps.h"
#include "util/array.h"
#include "util/cleanup.h"

#define HOOK_PROGRAMS 64 /* the kernel's own limit for one cgroup hook (BPF_CGROUP_MAX_PROGS) */
#define TRIES	      100
#define PAUSE_NS      20000000 /* between two of them */

/* Ids of programs. Owning. */
struct programs {
	__u32 *list;
	size_t count;
};

static void programs_free(struct programs *programs)
{
	free(programs->list);
}

static int programs_add(struct programs *programs, __u32 id)
{
	__u32 *added = id ? array_append(&programs->list, &programs->count, sizeof(*added)) : NULL;

	if (!id)
		return 0;
	if (!added)
		return -ENOMEM;
	*added = id;
	return 0;
}

static bool programs_have(const struct programs *programs, __u32 id)
{
	for (size_t i = 0; i < programs->count; i++)
		if (programs->list[i] == id)
			return true;
	return false;
}

/* Those of the links that are pinned here. */
static int read_pinned(const struct instance *instance, struct programs *ret)
{
	_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[4096];
	int r = pin_path(instance, "links", "", path, sizeof(path));

	dir = r ? NULL : opendir(path);
	while (!r && dir && (entry = readdir(dir))) {
		struct bpf_link_info info = {0};
		__u32 size = sizeof(info);
		_close_ int fd = -1;

		r = pin_path(instance, "links", entry->d_name, path, sizeof(path));
		if (r || entry->d_name[0] == '.')
			continue;
		fd = bpf_obj_get(path);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			r = programs_add(ret, info.prog_id);
	}
	return r;
}

static int read_devices(struct programs *ret)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int r = devices_read(&devices, NULL);

	for (size_t i = 0; !r && i < devices.count; i++) {
		r = programs_add(ret, devices.list[i].xdp_native);
		if (!r)
			r = programs_add(ret, devices.list[i].xdp_generic);
		if (!r)
			r = programs_add(ret, tc_first_program(&devices.list[i]));
	}
	return r;
}

static int read_cgroup(const struct instance *instance, struct programs *ret)
{
	static const enum bpf_attach_type types[] = {BPF_CGROUP_INET_INGRESS,
						     BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET4_BIND,
						     BPF_CGROUP_INET6_BIND};
	_close_ int cgroup_fd = -1;
	int r = 0;

	if (cgroup_open(instance, &cgroup_fd, NULL))
		return 0; /* no cgroup, no program on it */
	for (size_t i = 0; !r && i < ARRAY_SIZE(types); i++) {
		__u32 ids[HOOK_PROGRAMS], count = HOOK_PROGRAMS, flags;

		if (bpf_prog_query(cgroup_fd, types[i], 0, &flags, ids, &count))
			continue;
		for (__u32 j = 0; !r && j < count; j++)
			r = programs_add(ret, ids[j]);
	}
	return r;
}

static bool is_there(const struct instance *instance)
{
	_cleanup_(programs_free) struct programs pinned = {0}, attached = {0};
	int r = read_devices(&attached);

	if (!r)
		r = read_cgroup(instance, &attached);
	/* Last: what is attached meanwhile is pinned by then, or not seen. */
	if (!r)
		r = read_pinned(instance, &pinned);
	for (size_t i = 0; !r && i < attached.count; i++)
		if (!programs_have(&pinned, attached.list[i]) && owner_is_linked(attached.list[i]))
			return true;
	return false;
}

int hidden_check(const struct instance *instance, struct error *ret_error)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int tries = 0;

	while (is_there(instance)) {
		if (++tries < TRIES) {
			nanosleep(&pause, NULL);
			continue;
		}
		error_set(ret_error, EEXIST,
			  "programs of Rolewall filter here whose pins are not in %s: is another "
			  "BPF file system mounted over it?",
			  instance->bpffs_dir);
		error_hint(
			ret_error,
			"'findmnt -t bpf' shows what is mounted; 'umount' the upper one, or name "
			"the directory with --bpffs, and try again");
		return -EEXIST;
	}
	return 0;
}

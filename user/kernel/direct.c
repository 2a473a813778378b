/* SPDX-License-Identifier: GPL-2.0 */
/* direct.c - XDP through netlink, cgroup hooks through BPF_PROG_ATTACH. */
#include "direct.h"

#include <errno.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "../util/cleanup.h"
#include "maps.h"

#define PROGRAM_MAPS  64 /* the kernel's own limit for one program */
#define HOOK_PROGRAMS 64 /* as well, for one cgroup hook (BPF_CGROUP_MAX_PROGS) */

/* Id of the map `policy` that is pinned here; 0: none. */
static __u32 policy_map_id(const struct instance *instance)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = -1;
	char path[4096];

	if (pin_path(instance, "maps", "policy", path, sizeof(path)))
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return 0;
	return info.id;
}

static bool is_ours(const struct instance *instance, __u32 program_id)
{
	__u32 maps[PROGRAM_MAPS] = {0}, policy = 0, size, i;
	struct bpf_prog_info info = {
		.nr_map_ids = PROGRAM_MAPS,
		.map_ids = (uintptr_t)maps,
	};
	_close_ int fd = -1;

	if (program_id == 0)
		return false;
	size = sizeof(info);
	fd = bpf_prog_get_fd_by_id(program_id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	policy = policy_map_id(instance);
	for (i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS; i++)
		if (policy && maps[i] == policy)
			return true;
	return false;
}

/* --- XDP
 * ------------------------------------------------------------------------------------------ */

/* XDP_FLAGS_*_MODE of the program of ours on the device; 0: there is none. */
static __u32 xdp_mode_of_ours(const struct instance *instance, const struct device *device)
{
	if (is_ours(instance, device->xdp_native))
		return XDP_FLAGS_DRV_MODE;
	if (is_ours(instance, device->xdp_generic))
		return XDP_FLAGS_SKB_MODE;
	return 0;
}

bool direct_xdp_is_attached(const struct instance *instance, const struct device *device)
{
	return xdp_mode_of_ours(instance, device) != 0;
}

int direct_xdp_attach(const struct instance *instance, const struct device *device, int program_fd,
		      __u32 flags)
{
	__u32 mode = xdp_mode_of_ours(instance, device);

	return bpf_xdp_attach(device->ifindex, program_fd,
			      mode ? mode : flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
}

int direct_xdp_detach(const struct instance *instance, const struct device *device)
{
	__u32 mode = xdp_mode_of_ours(instance, device);
	int error = mode ? bpf_xdp_detach(device->ifindex, mode, NULL) : 0;

	/* EBUSY: a link holds it, and goes by its own pin. ENODEV: the device went just now. */
	return error == -EBUSY || error == -ENODEV ? 0 : error;
}

/* --- cgroup
 * --------------------------------------------------------------------------------------- */

/* Programs of ours on the hook, oldest first. Returns how many, or -errno. */
static int find_programs(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type,
			 __u32 *ret_ids)
{
	__u32 ids[HOOK_PROGRAMS], count = HOOK_PROGRAMS, flags, i;
	int found = 0;

	if (bpf_prog_query(cgroup_fd, type, 0, &flags, ids, &count))
		return -errno;
	for (i = 0; i < count; i++)
		if (is_ours(instance, ids[i]))
			ret_ids[found++] = ids[i];
	return found;
}

bool direct_cgroup_is_attached(const struct instance *instance, int cgroup_fd,
			       enum bpf_attach_type type)
{
	__u32 ids[HOOK_PROGRAMS];

	return find_programs(instance, cgroup_fd, type, ids) > 0;
}

static int detach_programs(int cgroup_fd, enum bpf_attach_type type, const __u32 *ids, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		_close_ int fd = bpf_prog_get_fd_by_id(ids[i]);

		/* ENOENT: a link holds it, and goes by its own pin; or it went just now. */
		if ((fd < 0 || bpf_prog_detach2(fd, cgroup_fd, type)) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Exchange the program in one step (BPF_F_REPLACE: 5.6). */
static int replace_program(int cgroup_fd, enum bpf_attach_type type, int program_fd, __u32 old_id)
{
	_close_ int old = bpf_prog_get_fd_by_id(old_id);
	LIBBPF_OPTS(bpf_prog_attach_opts, opts, .flags = BPF_F_ALLOW_MULTI | BPF_F_REPLACE,
		    .replace_prog_fd = old);

	if (old < 0)
		return -errno;
	return bpf_prog_attach_opts(program_fd, cgroup_fd, type, &opts) ? -errno : 0;
}

int direct_cgroup_attach(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type,
			 int program_fd)
{
	__u32 ids[HOOK_PROGRAMS];
	int count = find_programs(instance, cgroup_fd, type, ids);

	if (count < 0)
		return count;
	if (count > 0 && replace_program(cgroup_fd, type, program_fd, ids[0]) == 0)
		return detach_programs(cgroup_fd, type, ids + 1, count - 1);
	/* Before 5.6: for a moment both judge, by the same policy, and count. */
	if (bpf_prog_attach(program_fd, cgroup_fd, type, BPF_F_ALLOW_MULTI))
		return -errno;
	return detach_programs(cgroup_fd, type, ids, count);
}

int direct_cgroup_detach(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type)
{
	__u32 ids[HOOK_PROGRAMS];
	int count = find_programs(instance, cgroup_fd, type, ids);

	return count < 0 ? count : detach_programs(cgroup_fd, type, ids, count);
}

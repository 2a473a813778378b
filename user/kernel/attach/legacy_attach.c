/* SPDX-License-Identifier: GPL-2.0 */
/* legacy_attach.c - XDP through netlink, cgroup hooks through BPF_PROG_ATTACH. */
#include "kernel/attach/legacy_attach.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "kernel/attach/owner.h"
#include "kernel/attach/tc.h"
#include "kernel/object/probe.h"
#include "util/array.h"
#include "util/cleanup.h"

#define HOOK_PROGRAMS 64 /* the kernel's own limit for one cgroup hook (BPF_CGROUP_MAX_PROGS) */

/* --- XDP
 * ------------------------------------------------------------------------------------------ */

/* XDP_FLAGS_*_MODE of the program on the device that is so much ours at least; 0: there is none. */
static __u32 xdp_mode_of(const struct instance *instance, const struct device *device,
			 enum whose least)
{
	if (whose(instance, device->xdp_native) >= least)
		return XDP_FLAGS_DRV_MODE;
	if (whose(instance, device->xdp_generic) >= least)
		return XDP_FLAGS_SKB_MODE;
	return 0;
}

bool legacy_xdp_is_attached(const struct instance *instance, const struct device *device)
{
	return xdp_mode_of(instance, device, WHOSE_OURS) != 0;
}

int legacy_xdp_attach(const struct instance *instance, const struct device *device, int program_fd,
		      __u32 flags)
{
	__u32 mode = xdp_mode_of(instance, device, WHOSE_LEFT);

	return bpf_xdp_attach(device->ifindex, program_fd,
			      mode ? mode : flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
}

int legacy_xdp_retake(const struct device *device, int program_fd)
{
	return bpf_xdp_attach(device->ifindex, program_fd,
			      device->xdp_native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE, NULL);
}

static int xdp_detach_from(const struct instance *instance, const struct device *device,
			   enum whose least)
{
	__u32 mode = xdp_mode_of(instance, device, least);
	int r = mode ? bpf_xdp_detach(device->ifindex, mode, NULL) : 0;

	/* EBUSY: a link holds it, and goes by its own pin. ENODEV: the device went just now. */
	return r == -EBUSY || r == -ENODEV ? 0 : r;
}

int legacy_xdp_detach(const struct instance *instance, const struct device *device)
{
	return xdp_detach_from(instance, device, WHOSE_OURS);
}

/* --- cgroup
 * --------------------------------------------------------------------------------------- */

/* Programs on the hook that are so much ours, oldest first. Returns how many, or -errno. */
static int find_programs(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type,
			 enum whose least, __u32 *ret_ids)
{
	__u32 ids[HOOK_PROGRAMS], count = HOOK_PROGRAMS, flags, i;
	int found = 0;

	if (bpf_prog_query(cgroup_fd, type, 0, &flags, ids, &count))
		return -errno;
	for (i = 0; i < count; i++)
		if (whose(instance, ids[i]) >= least)
			ret_ids[found++] = ids[i];
	return found;
}

bool legacy_cgroup_is_attached(const struct instance *instance, int cgroup_fd,
			       enum bpf_attach_type type)
{
	__u32 ids[HOOK_PROGRAMS];

	return find_programs(instance, cgroup_fd, type, WHOSE_OURS, ids) > 0;
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
	if (probe_is_off("replace"))
		return -EINVAL;
	return bpf_prog_attach_opts(program_fd, cgroup_fd, type, &opts) ? -errno : 0;
}

int legacy_cgroup_attach(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type,
			 int program_fd)
{
	__u32 ids[HOOK_PROGRAMS];
	int count = find_programs(instance, cgroup_fd, type, WHOSE_LEFT, ids);

	if (count < 0)
		return count;
	if (count > 0 && replace_program(cgroup_fd, type, program_fd, ids[0]) == 0)
		return detach_programs(cgroup_fd, type, ids + 1, count - 1);
	/* Before 5.6: for a moment both judge, by the same policy, and count. */
	if (bpf_prog_attach(program_fd, cgroup_fd, type, BPF_F_ALLOW_MULTI))
		return -errno;
	return detach_programs(cgroup_fd, type, ids, count);
}

static int cgroup_detach_from(const struct instance *instance, int cgroup_fd,
			      enum bpf_attach_type type, enum whose least)
{
	__u32 ids[HOOK_PROGRAMS];
	int count = find_programs(instance, cgroup_fd, type, least, ids);

	return count < 0 ? count : detach_programs(cgroup_fd, type, ids, count);
}

int legacy_cgroup_detach(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type)
{
	return cgroup_detach_from(instance, cgroup_fd, type, WHOSE_OURS);
}

/* --- what lost its pins ----------------------------------------------------------------------- */

static const enum bpf_attach_type cgroup_types[] = {
	BPF_CGROUP_INET_INGRESS,
	BPF_CGROUP_INET_EGRESS,
	BPF_CGROUP_INET4_BIND,
	BPF_CGROUP_INET6_BIND,
};

bool legacy_is_left(const struct instance *instance, int cgroup_fd)
{
	_cleanup_(devices_free) struct devices devices = {0};
	__u32 ids[HOOK_PROGRAMS];
	size_t i;

	if (devices_read(&devices, NULL))
		return false;
	for (i = 0; i < devices.count; i++)
		if (whose(instance, devices.list[i].xdp_native) == WHOSE_LEFT ||
		    whose(instance, devices.list[i].xdp_generic) == WHOSE_LEFT ||
		    tc_is_left(instance, &devices.list[i]))
			return true;
	for (i = 0; i < ARRAY_SIZE(cgroup_types); i++)
		if (find_programs(instance, cgroup_fd, cgroup_types[i], WHOSE_LEFT, ids) > 0)
			return true;
	return false;
}

int legacy_remove_left(const struct instance *instance, int cgroup_fd)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int r = devices_read(&devices, NULL);
	unsigned int height;
	size_t i;

	/* From the upper devices down: below a program none can be taken away. */
	for (height = DEVICE_HEIGHT_MAX + 1; height-- > 0;)
		for (i = 0; !r && i < devices.count; i++)
			if (device_height(&devices, &devices.list[i]) == height)
				r = xdp_detach_from(instance, &devices.list[i], WHOSE_LEFT);
	for (i = 0; !r && i < devices.count; i++)
		r = tc_remove_left(instance, &devices.list[i]);
	for (i = 0; !r && i < ARRAY_SIZE(cgroup_types); i++)
		r = cgroup_detach_from(instance, cgroup_fd, cgroup_types[i], WHOSE_LEFT);
	return r;
}

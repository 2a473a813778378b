/* SPDX-License-Identifier: GPL-2.0 */
/* xdp.c - attach and detach XDP programs through pinned links, or without where there are none. */
#include "kernel/attach/xdp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "kernel/attach/device_link.h"
#include "kernel/attach/legacy_attach.h"
#include "kernel/attach/link_pin.h"
#include "util/cleanup.h"

/* Our link, if it is attached to this very device: see device_link_open(). */
static int link_open(const struct instance *instance, const struct device *device)
{
	__u32 program = 0;
	_close_ int fd = device_link_open(instance, LINK_XDP, device->ifindex, &program);

	if (fd < 0)
		return fd;
	return program == device->xdp_native || program == device->xdp_generic ? TAKE_FD(fd)
									       : -ENODEV;
}

enum xdp_mode xdp_mode_of(const struct instance *instance, const struct device *device, bool link)
{
	_close_ int fd = link_open(instance, device);

	if (fd < 0 && (link || !legacy_xdp_is_attached(instance, device)))
		return XDP_MODE_NONE;
	return device->xdp_native ? XDP_MODE_NATIVE : XDP_MODE_GENERIC;
}

static int link_create(const struct device *device, int program_fd, __u32 mode, int *ret)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);
	int fd = bpf_link_create(program_fd, (int)device->ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

int xdp_attach(const struct instance *instance, const struct device *device,
	       const struct xdp_request *request, enum way way)
{
	__u32 mode = way == WAY_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	_close_ int link = -1;
	char path[4096];
	int r;

	r = device_link_path(instance, LINK_XDP, device->ifindex, path, sizeof(path));
	if (r)
		return r;
	/* A dead link: its device is gone, and with it what it filtered. */
	if (unlink(path) && errno != ENOENT)
		return -errno;
	r = request->link ? legacy_xdp_detach(instance, device) : 0;
	if (r)
		return r;
	if (request->displaced && legacy_xdp_retake(device, request->program_fd) == 0)
		return 0;
	r = request->link ? link_create(device, request->program_fd, mode, &link)
			  : legacy_xdp_attach(instance, device, request->program_fd, mode);
	if (r || link < 0)
		return r;
	return bpf_obj_pin(link, path) ? -errno : 0;
}

/* What is attached is exchanged in the way it was attached. */
int xdp_replace(const struct instance *instance, const struct device *device, int program_fd)
{
	_close_ int link = link_open(instance, device);

	if (link >= 0)
		return bpf_link_update(link, program_fd, NULL) ? -errno : 0;
	return legacy_xdp_attach(instance, device, program_fd, 0);
}

int xdp_detach(const struct instance *instance, const struct device *device)
{
	char path[4096];
	int r = device_link_path(instance, LINK_XDP, device->ifindex, path, sizeof(path));

	if (!r)
		r = link_unpin(path);
	return r ? r : legacy_xdp_detach(instance, device);
}

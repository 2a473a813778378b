/* SPDX-License-Identifier: GPL-2.0 */
/* xdp.c - attach and detach XDP programs through pinned links, or without where there are none. */
#include "kernel/attach/xdp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "kernel/attach/arrivals.h"
#include "kernel/attach/legacy_attach.h"
#include "kernel/attach/link_pin.h"
#include "kernel/attach/xdp_link.h"
#include "util/cleanup.h"

/* --- attach ----------------------------------------------------------------------------------- */

/* No error of Rolewall's: the driver cannot, another program is there, or the device has just
 * vanished. */
static bool is_refusal(int error)
{
	return error == -EOPNOTSUPP || error == -EINVAL || error == -ERANGE || error == -EBUSY ||
	       error == -EEXIST || error == -ENODEV;
}

static int link_create(const struct xdp_plan *plan, __u32 mode, int *ret)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);
	int fd = bpf_link_create(plan->program_fd, plan->device->ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int attach_in_mode(const struct instance *instance, const struct xdp_plan *plan, __u32 mode,
			  int *ret_link)
{
	return plan->link ? link_create(plan, mode, ret_link)
			  : legacy_xdp_attach(instance, plan->device, plan->program_fd, mode);
}

/* A bond's native program runs on its members: under their names, and for their sockets. */
static bool may_be_native(const struct device *device)
{
	return !device_is(device, "bond");
}

static int attach_new(const struct instance *instance, const struct xdp_plan *plan)
{
	_close_ int link = -1;
	char path[4096];
	int r;

	r = xdp_link_path(instance, plan->device->ifindex, path, sizeof(path));
	if (r)
		return r;
	/* A dead link: its device is gone, and with it what it filtered. */
	if (unlink(path) && errno != ENOENT)
		return -errno;
	r = plan->link ? legacy_xdp_detach(instance, plan->device) : 0;
	if (r)
		return r;
	if (plan->displaced && legacy_xdp_retake(plan->device, plan->program_fd) == 0)
		return 0;
	r = may_be_native(plan->device) ? attach_in_mode(instance, plan, XDP_FLAGS_DRV_MODE, &link)
					: -EOPNOTSUPP;
	/* Whatever a driver says: each has reasons of its own (virtnet_xdp_set: ENOMEM, EINVAL). */
	if (r)
		r = attach_in_mode(instance, plan, XDP_FLAGS_SKB_MODE, &link);
	if (r || link < 0)
		return r;
	return bpf_obj_pin(link, path) ? -errno : 0;
}

/* What is attached is exchanged in the way it was attached. */
static int replace(const struct instance *instance, const struct xdp_plan *plan)
{
	_close_ int link = xdp_link_open(instance, plan->device);

	if (link >= 0)
		return bpf_link_update(link, plan->program_fd, NULL) ? -errno : 0;
	return legacy_xdp_attach(instance, plan->device, plan->program_fd, 0);
}

static int let_go(const struct instance *instance, const struct device *device)
{
	char path[4096];
	int r = xdp_link_path(instance, device->ifindex, path, sizeof(path));

	if (!r)
		r = link_unpin(path);
	return r ? r : legacy_xdp_detach(instance, device);
}

/* The cgroup hook judges until it is attached again. From the upper devices to those below them. */
static int let_go_for_a_moment(const struct instance *instance, const struct maps *maps,
			       const struct xdp_plans *plans)
{
	int r = 0;
	size_t i;

	for (i = plans->count; !r && i > 0; i--) {
		const struct xdp_plan *plan = &plans->list[i - 1];

		if (!plan->again)
			continue;
		r = arrivals_uncover(maps, plan->device);
		if (!r)
			r = let_go(instance, plan->device);
	}
	return r;
}

static int attach_one(const struct instance *instance, const struct maps *maps,
		      const struct xdp_plan *plan)
{
	bool in_place = !plan->again && xdp_is_in_place(instance, plan);
	int r;

	if (plan->again && !plan->wanted)
		return 0; /* it has gone */
	if (plan->keep || (plan->wanted && in_place && replace(instance, plan) == 0))
		return arrivals_put(maps, plan->device, plan->slot, true);
	/* From here to the end of this function the cgroup hook judges. */
	r = arrivals_put(maps, plan->device, plan->slot, false);
	/* A program that was right once: the device has got VLANs since, or larger frames. */
	if (!r && (in_place || !plan->wanted))
		r = let_go(instance, plan->device);
	if (r || !plan->wanted)
		return r;
	r = attach_new(instance, plan);
	if (r && is_refusal(r))
		return 0;
	return r ? r : arrivals_put(maps, plan->device, plan->slot, true);
}

int xdp_attach(const struct instance *instance, const struct maps *maps,
	       const struct xdp_plans *plans, struct error *ret_error)
{
	int r = let_go_for_a_moment(instance, maps, plans);
	size_t i;

	if (r)
		return error_set(ret_error, -r, "cannot detach from interfaces: %s", strerror(-r));
	for (i = 0; i < plans->count; i++) {
		const struct xdp_plan *plan = &plans->list[i];

		r = attach_one(instance, maps, plan);
		if (!r)
			r = arrivals_put_vlan(maps, &plans->devices, plan->device, plan->slot);
		if (!r)
			continue;
		error_set(ret_error, -r, "cannot attach to the interface %s: %s",
			  plan->device->name, strerror(-r));
		return r;
	}
	return 0;
}

/* --- detach ----------------------------------------------------------------------------------- */

struct listed {
	const struct about *about;
	const struct devices *devices;
};

static bool is_listed(uint32_t ifindex, const void *context)
{
	const struct listed *listed = context;

	return device_slot(listed->about, listed->devices, ifindex) != 0;
}

/* The device above it whose program, not one of ours, keeps ours where it is. */
static const struct device *kept_by(const struct devices *devices, const struct device *device)
{
	for (size_t i = 0; i < devices->count; i++)
		if (device_has_program(&devices->list[i]) &&
		    device_is_above(&devices->list[i], device))
			return &devices->list[i];
	return NULL;
}

static int detach_error(const struct devices *devices, const struct device *device, int error,
			struct error *ret_error)
{
	const struct device *above = error == EEXIST ? kept_by(devices, device) : NULL;

	if (!above)
		return error_set(ret_error, error, "cannot detach from the interface %s: %s",
				 device->name, strerror(error));
	error_set(ret_error, error,
		  "cannot detach from the interface %s: the kernel takes no program away below "
		  "that of %s",
		  device->name, above->name);
	error_hint(ret_error, "'ip link set %s xdp off' takes that one away, or '%s'", above->name,
		   above->xdp_native ? "xdpdrv off" : "xdpgeneric off");
	return -error;
}

/* From the upper devices to those below them. A pinned link is left to xdp_links_unpin(). */
static int detach_direct(const struct instance *instance, const struct listed *listed,
			 struct error *ret_error)
{
	const struct devices *devices = listed->devices;
	unsigned int height;
	size_t i;
	int r;

	for (height = DEVICE_HEIGHT_MAX + 1; height-- > 0;)
		for (i = 0; i < devices->count; i++) {
			const struct device *device = &devices->list[i];

			if (!device_has_program(device) || is_listed(device->ifindex, listed) ||
			    device_height(devices, device) != height)
				continue;
			r = legacy_xdp_detach(instance, device);
			if (r)
				return detach_error(devices, device, -r, ret_error);
		}
	return 0;
}

int xdp_detach(const struct instance *instance, const struct maps *maps, const struct about *about,
	       struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	const struct listed listed = {about, &devices};
	int r = devices_read(&devices, ret_error);

	if (r)
		return r;
	/* First the cgroup hook takes over, then the attachment goes (I3). */
	r = maps ? arrivals_forget(maps, &devices, about) : 0;
	if (r)
		return error_set(ret_error, -r, "cannot forget interfaces: %s", strerror(-r));
	r = detach_direct(instance, &listed, ret_error);
	if (r)
		return r;
	r = xdp_links_unpin(instance, is_listed, &listed);
	return r ? error_set(ret_error, -r, "cannot unpin links of interfaces: %s", strerror(-r))
		 : 0;
}

/* --- query ------------------------------------------------------------------------------------ */

/* The kernel refuses to attach a program below one that is there. */
static const struct device *program_above(const struct instance *instance,
					  const struct devices *devices,
					  const struct device *device)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *above = &devices->list[i];

		if (device_has_program(above) && device_is_above(above, device) &&
		    !xdp_is_attached(instance, above))
			return above;
	}
	return NULL;
}

/* Name of the program that sits there instead of ours. */
static void note_foreign(const struct device *device, char *note, size_t size)
{
	uint32_t id = device->xdp_native ? device->xdp_native : device->xdp_generic;
	struct bpf_prog_info info = {0};
	__u32 info_size = sizeof(info);
	_close_ int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		bpf_obj_get_info_by_fd(fd, &info, &info_size);
	snprintf(note, size, "another XDP program (%s, id %u) is attached; the cgroup hook filters",
		 info.name[0] ? info.name : "unnamed", id);
}

enum xdp_mode xdp_query(const struct instance *instance, const struct devices *devices,
			const struct device *device, char *note, size_t note_size)
{
	bool attached = xdp_is_attached(instance, device);
	const struct device *above;

	note[0] = '\0';
	if (attached && device->xdp_native)
		return XDP_MODE_NATIVE;
	if (attached) {
		snprintf(note, note_size, "%s",
			 may_be_native(device) ? "the driver has no native XDP"
					       : "native XDP would run on the bond's members");
		return XDP_MODE_GENERIC;
	}
	if (device->xdp_native || device->xdp_generic)
		note_foreign(device, note, note_size);
	else if (device->vlan)
		snprintf(note, note_size,
			 "a VLAN: XDP on its parent sees the tag, the cgroup hook "
			 "filters as well");
	else if (device->hides_vlans && device_is_master(device))
		snprintf(note, note_size,
			 "VLAN tags are off before XDP sees its frames; the cgroup hook filters");
	else if (device->hides_vlans)
		snprintf(note, note_size,
			 "the card takes VLAN tags off before XDP sees them; the cgroup hook "
			 "filters ('ethtool -K %s rxvlan off' and 'rolewall apply' change that)",
			 device->name);
	else if (device_l2_length(device) < 0)
		snprintf(note, note_size,
			 "XDP cannot read this kind of device; the cgroup hook filters");
	else if ((above = program_above(instance, devices, device)))
		snprintf(note, note_size,
			 "another XDP program is attached to %s, which is on top of this device; "
			 "the "
			 "cgroup hook filters",
			 above->name);
	else
		snprintf(note, note_size,
			 "XDP is not attached; 'rolewall apply' attaches it; the "
			 "cgroup hook filters");
	return XDP_MODE_NONE;
}

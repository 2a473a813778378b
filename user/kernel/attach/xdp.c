/* SPDX-License-Identifier: GPL-2.0 */
/* xdp.c - attach and detach XDP programs through pinned links, or without where there are none. */
#include "kernel/attach/xdp.h"

#include <errno.h>
#include <stdlib.h>
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

static void program_free(struct xdp_program *program)
{
	if (program->is_there && !program->object)
		close(program->fd);
	object_free(&program->object);
}

void xdp_plans_free(struct xdp_plans *plans)
{
	size_t i;

	for (i = 0; i < XDP_PROGRAMS; i++)
		program_free(&plans->programs[i]);
	free(plans->list);
	devices_free(&plans->devices);
	*plans = (struct xdp_plans){0};
}

/* --- plans ------------------------------------------------------------------------------------ */

/*
 * Something of ours that can be exchanged. Where there are links, what was attached without one is
 * not: the device may still show the program of a link whose pin was removed just now.
 */
static bool is_in_place(const struct instance *instance, const struct xdp_plan *plan)
{
	_close_ int link = xdp_link_open(instance, plan->device);

	return link >= 0 || (!plan->link && legacy_xdp_is_attached(instance, plan->device));
}

/*
 * A VLAN's frames pass its parent's XDP program, tag and all; and the cgroup hook. A program that
 * does not see the tag would take them for the parent's own, and judge by its zone.
 */
static bool is_readable(const struct device *device)
{
	return device_l2_length(device) >= 0 && !device->vlan && !device->hides_vlans;
}

static bool has_program(const struct device *device)
{
	return device->xdp_native || device->xdp_generic;
}

static struct xdp_plan *plan_of(struct xdp_plans *plans, const struct device *device)
{
	for (size_t i = 0; i < plans->count; i++)
		if (plans->list[i].device == device)
			return &plans->list[i];
	return NULL;
}

/*
 * The kernel lets no program below one that is there: ours go, and come again if they are listed.
 */
static void make_way(const struct instance *instance, bool link, const struct device *below,
		     struct xdp_plans *plans)
{
	for (size_t i = 0; i < plans->devices.count; i++) {
		const struct device *device = &plans->devices.list[i];
		struct xdp_plan *plan = plan_of(plans, device);
		struct xdp_plan found = {.device = device, .link = link};

		if (!device_is_above(device, below) || !has_program(device) ||
		    !is_in_place(instance, &found))
			continue;
		if (!plan && plans->count < RW_SLOTS) {
			plan = &plans->list[plans->count++];
			*plan = found;
		}
		if (plan) {
			plan->keep = false;
			plan->again = true;
		}
	}
}

/* What sits on an interface of the same kind does for this one: a load takes long. */
static int program_reuse(const struct xdp_plans *plans, int l2_length)
{
	for (size_t i = 0; i < plans->count; i++) {
		const struct device *device = plans->list[i].device;

		if (plans->list[i].keep && device_l2_length(device) == l2_length)
			return bpf_prog_get_fd_by_id(device->xdp_native ? device->xdp_native
									: device->xdp_generic);
	}
	return -1;
}

static int program_find(const struct instance *instance, const struct features *features,
			struct xdp_plans *plans, struct xdp_plan *plan, struct error *ret_error)
{
	int l2_length = device_l2_length(plan->device);
	struct xdp_program *program = plans->programs;
	int r = 0;

	while (program->is_there && program->l2_length != l2_length)
		program++;
	if (!program->is_there) {
		program->l2_length = l2_length;
		program->fd = program_reuse(plans, l2_length);
		if (program->fd < 0)
			r = load_frames(instance, features,
					&(struct frames){HOOK_XDP, (unsigned int)l2_length},
					&program->object, &program->fd, ret_error);
		program->is_there = !r;
	}
	plan->program_fd = program->fd;
	return r;
}

static void plan_make(const struct instance *instance, const struct features *features,
		      const struct maps *maps, bool replace, struct xdp_plan *plan)
{
	plan->wanted = is_readable(plan->device);
	plan->link = features->links;
	plan->keep = plan->wanted && !replace && is_in_place(instance, plan) &&
		     arrivals_is_covered(maps, plan->device);
	plan->displaced = plan->wanted && !plan->link && has_program(plan->device) &&
			  arrivals_is_covered(maps, plan->device) && !is_in_place(instance, plan);
}

static int compare_plans(const void *left, const void *right, void *devices)
{
	const struct xdp_plan *a = left, *b = right;

	return (int)device_height(devices, a->device) - (int)device_height(devices, b->device);
}

static int plans_list(const struct about *about, struct xdp_plans *plans, struct error *ret_error)
{
	unsigned int slot;
	int r;

	r = devices_read(&plans->devices, ret_error);
	if (r)
		return r;
	plans->list = calloc(RW_SLOTS, sizeof(*plans->list));
	if (!plans->list)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (slot = 1; slot < RW_SLOTS; slot++) {
		const struct device *device = slot_device(about, &plans->devices, slot);

		if (!device)
			continue;
		/* Listed by two of its names: the first holds, as the snapshot has it. */
		if (device_slot(about, &plans->devices, device->ifindex) != slot)
			continue;
		plans->list[plans->count++] = (struct xdp_plan){.device = device, .slot = slot};
	}
	qsort_r(plans->list, plans->count, sizeof(*plans->list), compare_plans, &plans->devices);
	return 0;
}

int xdp_prepare(const struct instance *instance, const struct features *features,
		const struct maps *maps, const struct about *about, bool replace,
		struct xdp_plans *ret, struct error *ret_error)
{
	_xdp_plans_ struct xdp_plans plans = {0};
	int r = xdp_links_rename(instance);
	size_t i;

	if (r)
		return error_set(ret_error, -r, "cannot rename the pins of links: %s",
				 strerror(-r));
	r = plans_list(about, &plans, ret_error);
	if (r)
		return r;
	for (i = 0; i < plans.count; i++)
		plan_make(instance, features, maps, replace, &plans.list[i]);
	for (i = 0; i < plans.count; i++) {
		struct xdp_plan *plan = &plans.list[i];

		if (!plan->wanted || plan->keep)
			continue;
		if (plan->again || !has_program(plan->device))
			make_way(instance, features->links, plan->device, &plans);
		r = program_find(instance, features, &plans, plan, ret_error);
		if (r)
			return r;
	}
	*ret = plans;
	plans = (struct xdp_plans){0};
	return 0;
}

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

/* The cgroup hook judges until it is attached again. */
static int let_go_for_a_moment(const struct instance *instance, const struct maps *maps,
			       const struct xdp_plans *plans)
{
	int r = 0;
	size_t i;

	for (i = 0; !r && i < plans->count; i++) {
		const struct xdp_plan *plan = &plans->list[i];

		if (!plan->again)
			continue;
		r = arrivals_put(maps, plan->device, plan->slot, false);
		if (!r)
			r = let_go(instance, plan->device);
	}
	return r;
}

static int attach_one(const struct instance *instance, const struct maps *maps,
		      const struct xdp_plan *plan)
{
	bool in_place = !plan->again && is_in_place(instance, plan);
	int r;

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

/* A pinned link is left to xdp_links_unpin(). */
static int detach_direct(const struct instance *instance, const struct listed *listed)
{
	const struct devices *devices = listed->devices;
	int r = 0;
	size_t i;

	for (i = 0; !r && i < devices->count; i++)
		if (has_program(&devices->list[i]) && !is_listed(devices->list[i].ifindex, listed))
			r = legacy_xdp_detach(instance, &devices->list[i]);
	return r;
}

int xdp_detach(const struct instance *instance, const struct maps *maps, const struct about *about,
	       const struct devices *devices, struct error *ret_error)
{
	const struct listed listed = {about, devices};
	int r;

	/* First the cgroup hook takes over, then the attachment goes (I3). */
	r = maps ? arrivals_forget(maps, devices, about) : 0;
	if (!r)
		r = detach_direct(instance, &listed);
	if (!r)
		r = xdp_links_unpin(instance, is_listed, &listed);
	return r ? error_set(ret_error, -r, "cannot detach from interfaces: %s", strerror(-r)) : 0;
}

/* --- query ------------------------------------------------------------------------------------ */

static bool is_attached(const struct instance *instance, const struct device *device)
{
	_close_ int link = xdp_link_open(instance, device);

	return link >= 0 || legacy_xdp_is_attached(instance, device);
}

/* The kernel refuses to attach a program below one that is there. */
static const struct device *program_above(const struct instance *instance,
					  const struct devices *devices,
					  const struct device *device)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *above = &devices->list[i];

		if (has_program(above) && device_is_above(above, device) &&
		    !is_attached(instance, above))
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
	bool attached = is_attached(instance, device);
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
			 "another XDP program is attached to %s, which stands on this device; the "
			 "cgroup hook filters",
			 above->name);
	else
		snprintf(note, note_size,
			 "XDP is not attached; 'rolewall apply' attaches it; the "
			 "cgroup hook filters");
	return XDP_MODE_NONE;
}

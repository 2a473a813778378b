/* SPDX-License-Identifier: GPL-2.0 */
/* xdp.c - attach and detach XDP programs through pinned links, or without where there are none. */
#include "kernel/attach/xdp.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "kernel/attach/direct.h"
#include "kernel/generation/assign.h"
#include "util/cleanup.h"

#define PIN_PREFIX "xdp-"

static void replace_all(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

/* bpffs refuses names with a dot (kernel/bpf/inode.c, bpf_lookup), devices those with a colon. */
static int link_path(const struct instance *instance, const char *interface, char *ret, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), PIN_PREFIX "%s", interface);
	replace_all(name, '.', ':');
	return pin_path(instance, "links", name, ret, size);
}

/*
 * Open our link if it is attached to this very device: one that was deleted leaves a dead link, one
 * that went to another network namespace takes it along, and its number may be another's by now.
 */
static int link_open(const struct instance *instance, const struct device *device)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = -1;
	char path[4096];

	if (link_path(instance, device->name, path, sizeof(path)))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (info.type != BPF_LINK_TYPE_XDP || info.xdp.ifindex != device->ifindex ||
	    (info.prog_id != device->xdp_native && info.prog_id != device->xdp_generic))
		return -ENODEV;
	return TAKE_FD(fd);
}

static bool is_attached(const struct instance *instance, const struct device *device)
{
	_close_ int link = link_open(instance, device);

	return link >= 0 || direct_xdp_is_attached(instance, device);
}

static int interface_put(const struct maps *maps, uint32_t ifindex, uint32_t vlan,
			 unsigned int slot, bool covered)
{
	struct rw_interface_key key = {.ifindex = ifindex, .vlan = vlan};
	struct rw_interface value = {.slot = slot, .covered = covered};

	return bpf_map_update_elem(maps->fd[MAP_INTERFACES], &key, &value, BPF_ANY) ? -errno : 0;
}

static bool interface_get(const struct maps *maps, uint32_t ifindex, struct rw_interface *ret)
{
	struct rw_interface_key key = {.ifindex = ifindex};

	return bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &key, ret) == 0;
}

void xdp_plans_free(struct xdp_plans *plans)
{
	size_t i;

	for (i = 0; i < plans->count; i++)
		object_free(&plans->list[i].object);
	free(plans->list);
	*plans = (struct xdp_plans){0};
}

/*
 * Something of ours that can be exchanged. Where there are links, what was attached without one is
 * not: the device may still show the program of a link whose pin was removed just now.
 */
static bool is_in_place(const struct instance *instance, const struct xdp_plan *plan)
{
	_close_ int link = link_open(instance, &plan->device);

	return link >= 0 || (!plan->link && direct_xdp_is_attached(instance, &plan->device));
}

/* The slot is compiled into the program: it has to be the one that the policy means. */
static bool is_right(const struct instance *instance, const struct maps *maps,
		     const struct xdp_plan *plan)
{
	struct rw_interface interface;

	return is_in_place(instance, plan) &&
	       interface_get(maps, plan->device.ifindex, &interface) && interface.covered &&
	       interface.slot == plan->slot;
}

static int prepare_one(const struct instance *instance, const struct features *features,
		       const struct maps *maps, bool replace, struct xdp_plan *plan,
		       struct error *ret_error)
{
	int l2_length = device_l2_length(&plan->device);
	int error;

	/*
	 * A VLAN's frames pass its parent's XDP program, tag and all; and the cgroup hook. A
	 * program that does not see the tag would take them for the parent's own, and judge by its
	 * zone.
	 */
	plan->wanted = l2_length >= 0 && !plan->device.vlan && !plan->device.hides_vlans;
	plan->link = features->links;
	plan->keep = plan->wanted && !replace && is_right(instance, maps, plan);
	if (!plan->wanted || plan->keep)
		return 0;
	error = load_xdp(instance, features, l2_length, plan->slot, &plan->object,
			 &plan->program_fd, ret_error);
	if (error)
		error_where(ret_error, "interface %s", plan->device.name);
	return error;
}

int xdp_prepare(const struct instance *instance, const struct features *features,
		const struct maps *maps, const struct about *about, bool replace,
		struct xdp_plans *ret, struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	_xdp_plans_ struct xdp_plans plans = {0};
	const struct device *device;
	unsigned int slot;
	int error;

	error = devices_read(&devices, ret_error);
	if (error)
		return error;
	plans.list = calloc(RW_SLOTS, sizeof(*plans.list));
	if (!plans.list)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (slot = 1; slot < RW_SLOTS; slot++) {
		device = device_by_name(&devices, about->slots[slot]);
		if (!about->slots[slot][0] || !device)
			continue;
		plans.list[plans.count].device = *device;
		plans.list[plans.count].slot = slot;
		error = prepare_one(instance, features, maps, replace, &plans.list[plans.count++],
				    ret_error);
		if (error)
			return error;
	}
	*ret = plans;
	plans = (struct xdp_plans){0};
	return 0;
}

/* Not ours to complain about: the driver cannot, or somebody else's program is there. */
static bool is_refusal(int error)
{
	return error == -EOPNOTSUPP || error == -EINVAL || error == -ERANGE || error == -EBUSY ||
	       error == -EEXIST;
}

static int link_create(const struct xdp_plan *plan, __u32 mode, int *ret)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);
	int fd = bpf_link_create(plan->program_fd, plan->device.ifindex, BPF_XDP, &opts);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int attach_in_mode(const struct instance *instance, const struct xdp_plan *plan, __u32 mode,
			  int *ret_link)
{
	return plan->link ? link_create(plan, mode, ret_link)
			  : direct_xdp_attach(instance, &plan->device, plan->program_fd, mode);
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
	int error;

	error = link_path(instance, plan->device.name, path, sizeof(path));
	if (error)
		return error;
	/* A dead link: its device is gone, and with it what it filtered. */
	if (unlink(path) && errno != ENOENT)
		return -errno;
	error = plan->link ? direct_xdp_detach(instance, &plan->device) : 0;
	if (error)
		return error;
	error = may_be_native(&plan->device)
			? attach_in_mode(instance, plan, XDP_FLAGS_DRV_MODE, &link)
			: -EOPNOTSUPP;
	/* Whatever a driver says: each has reasons of its own (virtnet_xdp_set: ENOMEM, EINVAL). */
	if (error)
		error = attach_in_mode(instance, plan, XDP_FLAGS_SKB_MODE, &link);
	if (error || link < 0)
		return error;
	return bpf_obj_pin(link, path) ? -errno : 0;
}

/* What is attached is exchanged in the way it was attached. */
static int replace(const struct instance *instance, const struct xdp_plan *plan)
{
	_close_ int link = link_open(instance, &plan->device);

	if (link >= 0)
		return bpf_link_update(link, plan->program_fd, NULL) ? -errno : 0;
	return direct_xdp_attach(instance, &plan->device, plan->program_fd, 0);
}

/* By the link first: that of a pin that is removed goes some time later. */
static int let_go(const struct instance *instance, const struct device *device)
{
	_close_ int link = link_open(instance, device);
	char path[4096];
	int error = link_path(instance, device->name, path, sizeof(path));

	if (error)
		return error;
	if (link >= 0 && bpf_link_detach(link))
		return -errno;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return direct_xdp_detach(instance, device);
}

static int attach_one(const struct instance *instance, const struct maps *maps,
		      const struct xdp_plan *plan)
{
	bool in_place = is_in_place(instance, plan);
	int error;

	if (plan->keep)
		return 0;
	if (plan->wanted && in_place && replace(instance, plan) == 0)
		return interface_put(maps, plan->device.ifindex, 0, plan->slot, true);
	/* From here to the end of this function the cgroup hook judges. */
	error = interface_put(maps, plan->device.ifindex, 0, plan->slot, false);
	/* A program that was right once: the device has got VLANs since, or larger frames. */
	if (!error && (in_place || !plan->wanted))
		error = let_go(instance, &plan->device);
	if (error || !plan->wanted)
		return error;
	error = attach_new(instance, plan);
	if (error && is_refusal(error))
		return 0;
	return error ? error : interface_put(maps, plan->device.ifindex, 0, plan->slot, true);
}

/* (outermost device, ids from outer to inner): what a tagged frame is known by on the way in. */
static int put_vlan(const struct maps *maps, const struct xdp_plan *plan)
{
	_cleanup_(devices_free) struct devices devices = {0};
	const struct device *device = &plan->device;
	uint32_t vlan = 0, parent = 0;
	int tags, error;

	error = devices_read(&devices, NULL);
	for (tags = 0; !error && device && device->vlan && tags < 2; tags++) {
		vlan = vlan << 12 | device->vlan;
		parent = device->parent;
		device = device_by_index(&devices, parent);
	}
	if (error || !vlan || !parent)
		return error;
	return interface_put(maps, parent, vlan, plan->slot, false);
}

int xdp_attach(const struct instance *instance, const struct maps *maps,
	       const struct xdp_plans *plans, struct error *ret_error)
{
	size_t i;
	int error;

	for (i = 0; i < plans->count; i++) {
		error = attach_one(instance, maps, &plans->list[i]);
		if (!error)
			error = put_vlan(maps, &plans->list[i]);
		if (!error)
			continue;
		error_set(ret_error, -error, "cannot attach to the interface %s: %s",
			  plans->list[i].device.name, strerror(-error));
		return error;
	}
	return 0;
}

/* Is the interface, or the VLAN on it, still meant? */
static bool is_listed(const struct devices *devices, const struct about *about,
		      const struct rw_interface_key *key, const struct rw_interface *value)
{
	const struct device *device = device_by_index(devices, key->ifindex);

	if (!about || !device || value->slot >= RW_SLOTS)
		return false;
	if (key->vlan)
		return about->slots[value->slot][0];
	return slot_by_name(about, device->name) == value->slot;
}

/* Entries of devices that are gone or not listed. Collected first: deleting while walking skips
 * keys. */
static int forget_interfaces(const struct maps *maps, const struct devices *devices,
			     const struct about *about)
{
	struct rw_interface_key *keys = NULL, next;
	_free_ struct rw_interface_key *stale = calloc(RW_INTERFACES, sizeof(*stale));
	struct rw_interface_key previous;
	struct rw_interface value;
	size_t count = 0, i;

	if (!stale)
		return -ENOMEM;
	while (bpf_map_get_next_key(maps->fd[MAP_INTERFACES], keys, &next) == 0) {
		previous = next;
		keys = &previous;
		if (bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &next, &value) == 0 &&
		    !is_listed(devices, about, &next, &value) && count < RW_INTERFACES)
			stale[count++] = next;
	}
	for (i = 0; i < count; i++)
		if (bpf_map_delete_elem(maps->fd[MAP_INTERFACES], &stale[i]) && errno != ENOENT)
			return -errno;
	return 0;
}

/* A pinned link is left to unpin_links(). */
static int detach_direct(const struct instance *instance, const struct devices *devices,
			 const struct about *about)
{
	int error = 0;
	size_t i;

	for (i = 0; !error && i < devices->count; i++)
		if (!about || !slot_by_name(about, devices->list[i].name))
			error = direct_xdp_detach(instance, &devices->list[i]);
	return error;
}

static int unpin_links(const struct instance *instance, const struct devices *devices,
		       const struct about *about)
{
	_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[4096];

	snprintf(path, sizeof(path), "%s/links", instance->bpffs_dir);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		char name[sizeof(entry->d_name)];

		if (strncmp(entry->d_name, PIN_PREFIX, strlen(PIN_PREFIX)) != 0)
			continue;
		strcpy(name, entry->d_name + strlen(PIN_PREFIX));
		replace_all(name, ':', '.');
		if (about && slot_by_name(about, name) && device_by_name(devices, name))
			continue;
		if (pin_path(instance, "links", entry->d_name, path, sizeof(path)) ||
		    (unlink(path) && errno != ENOENT))
			return -errno;
	}
	return 0;
}

int xdp_detach(const struct instance *instance, const struct maps *maps, const struct about *about,
	       struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int error;

	error = devices_read(&devices, ret_error);
	if (error)
		return error;
	/* First the cgroup hook takes over, then the attachment goes (I3). */
	error = maps ? forget_interfaces(maps, &devices, about) : 0;
	if (!error)
		error = detach_direct(instance, &devices, about);
	if (!error)
		error = unpin_links(instance, &devices, about);
	return error ? error_set(ret_error, -error, "cannot detach from interfaces: %s",
				 strerror(-error))
		     : 0;
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

enum xdp_mode xdp_query(const struct instance *instance, const struct device *device, char *note,
			size_t note_size)
{
	bool attached = is_attached(instance, device);

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
	else
		snprintf(note, note_size,
			 "XDP is not attached; 'rolewall apply' attaches it; the "
			 "cgroup hook filters");
	return XDP_MODE_NONE;
}

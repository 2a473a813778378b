/* SPDX-License-Identifier: GPL-2.0 */
/* interfaces.c - carry plans out, in the order that leaves no packet unjudged (I3). */
#include "kernel/attach/interfaces.h"

#include <errno.h>
#include <string.h>

#include "kernel/attach/answers.h"
#include "kernel/attach/arrivals.h"
#include "kernel/attach/device_link.h"
#include "kernel/attach/legacy_attach.h"
#include "kernel/attach/tc.h"
#include "kernel/attach/xdp.h"
#include "util/cleanup.h"

/* --- attach ----------------------------------------------------------------------------------- */

/* No error of Rolewall's: the driver or the kernel cannot, another program is there, or the device has
 * just vanished. */
static bool is_refusal(int error)
{
	return error == -EOPNOTSUPP || error == -EINVAL || error == -ERANGE || error == -EBUSY ||
	       error == -EEXIST || error == -ENODEV || error == -ENOENT;
}

/* The cgroup hook judges until it is attached again. From the upper devices to those below them. */
static int let_go_for_a_moment(const struct instance *instance, const struct maps *maps,
			       const struct plans *plans)
{
	int r = 0;
	size_t i;

	for (i = plans->count; !r && i > 0; i--) {
		const struct plan *plan = &plans->list[i - 1];

		if (!plan->again)
			continue;
		r = arrivals_uncover(maps, plan->device);
		if (!r)
			r = xdp_detach(instance, plan->device);
	}
	return r;
}

static bool has_xdp_now(const struct plan *plan)
{
	return plan->has_xdp && !plan->again;
}

static bool is_way_of_now(const struct plan *plan, enum way way)
{
	return has_xdp_now(plan) &&
	       way == (plan->device->xdp_native ? WAY_XDP_NATIVE : WAY_XDP_GENERIC);
}

static int attach_by(const struct instance *instance, struct plans *plans, const struct plan *plan,
		     enum way way)
{
	struct xdp_request request = {.link = plans->xdp_link, .displaced = plan->displaced};
	int r = plans_program(plans, plan, way, &request.program_fd, NULL);

	if (r)
		return r;
	if (way == WAY_TC && plan->shield)
		return shield_lower(instance, plan->device,
				    &(struct shield_programs){.tc = request.program_fd});
	if (way == WAY_TC)
		return tc_attach(instance, plan->device, request.program_fd, plans->tc_link);
	if (is_way_of_now(plan, way) && !xdp_replace(instance, plan->device, request.program_fd))
		return 0;
	/* In the other mode it is attached already: one excludes the other. */
	if (has_xdp_now(plan) && !is_way_of_now(plan, way))
		return -EBUSY;
	return xdp_attach(instance, plan->device, &request, way);
}

/* Tries one way after the other. Returns 0, and by which; -ENOENT: every way is refused. */
static int attach_new(const struct instance *instance, struct plans *plans, const struct plan *plan,
		      enum way *ret)
{
	for (size_t i = 0; i < plan->way_count; i++) {
		enum way way = plan->ways[i];
		int r = attach_by(instance, plans, plan, way);

		if (!r) {
			*ret = way;
			return 0;
		}
		/* Whatever a driver says: each has reasons of its own (virtnet_xdp_set: ENOMEM,
		 * EINVAL). */
		if (way != WAY_XDP_NATIVE && !is_refusal(r))
			return r;
	}
	return -ENOENT;
}

/* What is in the place of something else by now. */
static int leave_others(const struct instance *instance, const struct plan *plan, enum way way)
{
	int r = 0;

	if (way == WAY_TC)
		r = xdp_detach(instance, plan->device);
	if (way != WAY_TC && plan->has_tc)
		r = tc_detach(instance, plan->device);
	return r;
}

/* A VRF all of whose interfaces have been judged, and counted, before the sockets see its device. */
static bool is_covered_below(const struct maps *maps, const struct devices *devices,
			     const struct device *device)
{
	bool any = false;

	if (!device_is(device, "vrf"))
		return false;
	for (size_t i = 0; i < devices->count; i++) {
		if (devices->list[i].master != device->ifindex)
			continue;
		if (!arrivals_is_covered(maps, &devices->list[i]))
			return false;
		any = true;
	}
	return any;
}

/* Nothing is, or stays, on the device: the cgroup hook judges. */
static int leave(const struct instance *instance, const struct maps *maps,
		 const struct devices *devices, const struct plan *plan)
{
	const struct cover cover = {.covered = is_covered_below(maps, devices, plan->device)};
	int r = arrivals_put(maps, plan->device, plan->slot, cover);

	if (!r && (has_xdp_now(plan) || !plan->way_count))
		r = xdp_detach(instance, plan->device);
	if (!r && plan->has_tc)
		r = tc_detach(instance, plan->device);
	return r ? r : tc_leave_detach(instance, plan->device);
}

/* What leaves is looked at first: an answer may be on its way when that is asked for. */
static int learn_leaving(const struct instance *instance, struct plans *plans,
			 const struct plan *plan)
{
	int fd, r;

	if (plan->leaves)
		return 0;
	if (!plan->way_count || !plans->features->flow_kinds)
		return tc_leave_detach(instance, plan->device);
	r = plans_leave(plans, plan, &fd, NULL);
	if (!r)
		r = tc_leave_attach(instance, plan->device, fd, plans->tc_link);
	/* Without it answers are refused as before; `status` says that it is missing. */
	return is_refusal(r) ? 0 : r;
}

static enum way way_of_now(const struct plan *plan)
{
	if (plan->has_tc)
		return WAY_TC;
	return plan->device->xdp_native ? WAY_XDP_NATIVE : WAY_XDP_GENERIC;
}

static struct cover cover_by(const struct plans *plans, const struct plan *plan, enum way way)
{
	return (struct cover){.covered = true,
			      .answers = plans->features->cookies
						 ? device_answers(plan->device, way)
						 : RW_ANSWERS_NONE};
}

static int attach_one(const struct instance *instance, const struct maps *maps, struct plans *plans,
		      const struct plan *plan)
{
	bool attached = has_xdp_now(plan) || plan->has_tc;
	enum way way;
	int r;

	if (plan->again && !plan->slot)
		return 0; /* it has gone, and is not listed */
	r = learn_leaving(instance, plans, plan);
	if (r)
		return r;
	if (plan->keep)
		return arrivals_put(maps, plan->device, plan->slot,
				    cover_by(plans, plan, way_of_now(plan)));
	/* What judges already goes on, by the slot that is the right one now. */
	r = arrivals_put(maps, plan->device, plan->slot, (struct cover){.covered = attached});
	if (!r)
		r = attach_new(instance, plans, plan, &way);
	if (r == -ENOENT)
		return leave(instance, maps, &plans->devices, plan);
	if (!r)
		r = arrivals_put(maps, plan->device, plan->slot, cover_by(plans, plan, way));
	return r ? r : leave_others(instance, plan, way);
}

int interfaces_attach(const struct instance *instance, const struct maps *maps, struct plans *plans,
		      struct error *ret_error)
{
	int r = let_go_for_a_moment(instance, maps, plans);
	size_t i;

	if (r)
		return error_set(ret_error, -r, "cannot detach from interfaces: %s", strerror(-r));
	r = answers_update(maps);
	if (r)
		return error_set(ret_error, -r,
				 "cannot note this host's addresses and networks: %s",
				 strerror(-r));
	for (i = 0; i < plans->count; i++) {
		const struct plan *plan = &plans->list[i];

		r = attach_one(instance, maps, plans, plan);
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

/* From the upper devices to those below them. A pinned link is left to device_links_unpin(). */
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

static int detach_filters(const struct instance *instance, const struct listed *listed,
			  struct error *ret_error)
{
	const struct devices *devices = listed->devices;
	int r = 0;

	for (size_t i = 0; !r && i < devices->count; i++) {
		if (is_listed(devices->list[i].ifindex, listed))
			continue;
		r = tc_detach_filter(instance, &devices->list[i]);
		if (r)
			detach_error(devices, &devices->list[i], -r, ret_error);
	}
	return r;
}

int interfaces_detach(const struct instance *instance, const struct maps *maps,
		      const struct about *about, struct error *ret_error)
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
	if (!r)
		r = detach_filters(instance, &listed, ret_error);
	if (r)
		return r;
	r = device_links_unpin(instance, is_listed, &listed);
	return r ? error_set(ret_error, -r, "cannot unpin links of interfaces: %s", strerror(-r))
		 : 0;
}

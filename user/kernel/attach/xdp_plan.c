/* SPDX-License-Identifier: GPL-2.0 */
/* xdp_plan.c - which program goes where, and what has to go out of its way. */
#include "kernel/attach/xdp_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/attach/arrivals.h"
#include "kernel/attach/legacy_attach.h"
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

bool xdp_is_in_place(const struct instance *instance, const struct xdp_plan *plan)
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

bool xdp_is_attached(const struct instance *instance, const struct device *device)
{
	_close_ int link = xdp_link_open(instance, device);

	return link >= 0 || legacy_xdp_is_attached(instance, device);
}

static struct xdp_plan *plan_of(struct xdp_plans *plans, const struct device *device)
{
	for (size_t i = 0; i < plans->count; i++)
		if (plans->list[i].device == device)
			return &plans->list[i];
	return NULL;
}

/*
 * The kernel lets no program below one that is there, and without a link none is changed or taken
 * away below one: ours go, and come again if they are listed.
 */
static bool needs_way(const struct instance *instance, const struct xdp_plan *plan)
{
	_close_ int link = xdp_link_open(instance, plan->device);

	if (plan->keep || plan->again || link >= 0)
		return plan->again;
	return device_has_program(plan->device) ? legacy_xdp_is_attached(instance, plan->device)
						: plan->wanted;
}

static void make_way(const struct instance *instance, bool link, const struct device *below,
		     struct xdp_plans *plans)
{
	for (size_t i = 0; i < plans->devices.count; i++) {
		const struct device *device = &plans->devices.list[i];
		struct xdp_plan *plan = plan_of(plans, device);
		struct xdp_plan found = {.device = device, .link = link};

		if (!device_is_above(device, below) || !device_has_program(device) ||
		    !xdp_is_attached(instance, device))
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
	plan->keep = plan->wanted && !replace && xdp_is_in_place(instance, plan) &&
		     arrivals_is_covered(maps, plan->device);
	plan->displaced = plan->wanted && !plan->link && device_has_program(plan->device) &&
			  arrivals_is_covered(maps, plan->device) &&
			  !xdp_is_in_place(instance, plan);
}

static int compare_plans(const void *left, const void *right, void *devices)
{
	const struct xdp_plan *a = left, *b = right;

	return (int)device_height(devices, a->device) - (int)device_height(devices, b->device);
}

static void plans_sort(struct xdp_plans *plans)
{
	qsort_r(plans->list, plans->count, sizeof(*plans->list), compare_plans, &plans->devices);
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
	plans_sort(plans);
	return 0;
}

static bool is_below_a_plan(const struct xdp_plans *plans, const struct device *device)
{
	for (size_t i = 0; i < plans->count; i++)
		if (plans->list[i].slot && device_is_above(plans->list[i].device, device))
			return true;
	return false;
}

/* What is no longer listed, and could not be detached once those above it are attached. */
static void add_unlisted(const struct instance *instance, struct xdp_plans *plans)
{
	for (size_t i = 0; i < plans->devices.count; i++) {
		const struct device *device = &plans->devices.list[i];
		_close_ int link = -1;

		if (!device_has_program(device) || plan_of(plans, device) ||
		    plans->count == RW_SLOTS || !is_below_a_plan(plans, device))
			continue;
		link = xdp_link_open(instance, device);
		if (link < 0 && legacy_xdp_is_attached(instance, device))
			plans->list[plans->count++] =
				(struct xdp_plan){.device = device, .again = true};
	}
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
	add_unlisted(instance, &plans);
	for (i = 0; i < plans.count; i++)
		if (needs_way(instance, &plans.list[i]))
			make_way(instance, features->links, plans.list[i].device, &plans);
	for (i = 0; !r && i < plans.count; i++)
		if (plans.list[i].wanted && !plans.list[i].keep)
			r = program_find(instance, features, &plans, &plans.list[i], ret_error);
	if (r)
		return r;
	plans_sort(&plans);
	*ret = plans;
	plans = (struct xdp_plans){0};
	return 0;
}

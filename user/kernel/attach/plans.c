/* SPDX-License-Identifier: GPL-2.0 */
/* plans.c - look at what is attached, and load what is missing. */
#include "kernel/attach/plans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/attach/arrivals.h"
#include "kernel/attach/device_link.h"
#include "kernel/attach/tc.h"
#include "kernel/attach/xdp.h"
#include "util/cleanup.h"

static void program_free(struct plan_program *program)
{
	if (program->is_there && !program->object)
		close(program->fd);
	object_free(&program->object);
}

void plans_free(struct plans *plans)
{
	size_t i;

	for (i = 0; i < PLAN_PROGRAMS; i++)
		program_free(&plans->programs[i]);
	free(plans->list);
	devices_free(&plans->devices);
	*plans = (struct plans){0};
}

bool plan_has_way(const struct plan *plan, enum way way)
{
	for (size_t i = 0; i < plan->way_count; i++)
		if (plan->ways[i] == way)
			return true;
	return false;
}

static bool has_xdp_way(const struct plan *plan)
{
	return plan_has_way(plan, WAY_XDP_NATIVE) || plan_has_way(plan, WAY_XDP_GENERIC);
}

static struct plan *plan_of(struct plans *plans, const struct device *device)
{
	for (size_t i = 0; i < plans->count; i++)
		if (plans->list[i].device == device)
			return &plans->list[i];
	return NULL;
}

/* There, and without a link: below another program it is neither changed nor taken away. */
static bool is_bare(const struct instance *instance, const struct device *device)
{
	return !xdp_mode_of(instance, device, true) && xdp_mode_of(instance, device, false);
}

/*
 * The kernel lets no XDP program below one that is there, and without a link none is changed or taken
 * away below one: ours go, and come again if they are listed.
 */
static bool needs_way(const struct instance *instance, const struct plan *plan)
{
	if (plan->keep || plan->again || xdp_mode_of(instance, plan->device, true))
		return plan->again;
	if (device_has_program(plan->device))
		return is_bare(instance, plan->device);
	return plan->way_count && plan->ways[0] != WAY_TC;
}

static void make_way(const struct instance *instance, const struct device *below,
		     struct plans *plans)
{
	for (size_t i = 0; i < plans->devices.count; i++) {
		const struct device *device = &plans->devices.list[i];
		struct plan *plan = plan_of(plans, device);

		if (!device_is_above(device, below) || !device_has_program(device) ||
		    !xdp_mode_of(instance, device, false))
			continue;
		if (!plan && plans->count < RW_SLOTS) {
			plan = &plans->list[plans->count++];
			*plan = (struct plan){.device = device};
		}
		if (plan) {
			plan->keep = false;
			plan->again = true;
		}
	}
}

static __u32 program_there(const struct instance *instance, const struct device *device,
			   const struct frames *frames)
{
	if (frames->leave)
		return tc_leave_program(instance, device);
	if (frames->hook == HOOK_TC)
		return tc_program(instance, device);
	return device->xdp_native ? device->xdp_native : device->xdp_generic;
}

/* What sits on an interface of the same kind does for this one: a load takes long. */
static int program_reuse(const struct plans *plans, const struct frames *frames)
{
	for (size_t i = 0; i < plans->count; i++) {
		const struct plan *plan = &plans->list[i];
		bool has = frames->hook == HOOK_TC ? plan->has_tc : plan->has_xdp;

		if ((frames->leave ? plan->leaves : plan->keep && has && !plan->shield) &&
		    device_l2_length(plan->device) == (int)frames->l2_length)
			return bpf_prog_get_fd_by_id(
				program_there(plans->instance, plan->device, frames));
	}
	return -1;
}

static bool is_alike(const struct frames *one, const struct frames *other)
{
	return one->hook == other->hook && one->l2_length == other->l2_length &&
	       one->leave == other->leave;
}

static int program_of(struct plans *plans, const struct frames *frames, int *ret_fd,
		      struct error *ret_error)
{
	struct plan_program *program = plans->programs;
	int r = 0;

	while (program->is_there && !is_alike(&program->frames, frames))
		program++;
	if (!program->is_there) {
		program->frames = *frames;
		program->fd = program_reuse(plans, frames);
		if (program->fd < 0)
			r = load_frames(plans->instance, plans->features, frames, &program->object,
					&program->fd, ret_error);
		program->is_there = !r;
	}
	*ret_fd = program->fd;
	return r;
}

int plans_program(struct plans *plans, const struct plan *plan, enum way way, int *ret_fd,
		  struct error *ret_error)
{
	const struct frames frames = {.hook = way == WAY_TC ? HOOK_TC : HOOK_XDP,
				      .l2_length = (unsigned int)device_l2_length(plan->device)};

	return program_of(plans, &frames, ret_fd, ret_error);
}

int plans_leave(struct plans *plans, const struct plan *plan, int *ret_fd, struct error *ret_error)
{
	const struct frames frames = {.hook = HOOK_TC,
				      .l2_length = (unsigned int)device_l2_length(plan->device),
				      .leave = true};

	return program_of(plans, &frames, ret_fd, ret_error);
}

/* Does the node file ask for what it asked for when that was attached? */
static bool is_choice_same(const struct plans_request *request, unsigned int slot)
{
	const struct about *before = request->before;

	return before && !strcmp(before->slots[slot], request->about->slots[slot]) &&
	       before->hooks[slot] == request->about->hooks[slot] &&
	       before->shields[slot] == request->about->shields[slot];
}

/* The daemon takes it off again. */
static bool is_shield_right(const struct plans_request *request, const struct plan *plan)
{
	const struct about *about = request->about;

	/* Not only as the best one: XDP itself has turned off what it was to be spared for. */
	return plan->shield == SHIELD_IS_UP && plan_has_way(plan, WAY_TC) &&
	       is_choice_same(request, plan->slot) &&
	       shield_is_wanted(plan->device, about->hooks[plan->slot], about->shields[plan->slot]);
}

/*
 * What is attached stays where it is the best way, or one of those that were tried before it. (Whether
 * a driver has learned native XDP is not asked again.)
 */
static bool is_right(const struct plans_request *request, const struct plan *plan)
{
	enum way way = plan->has_tc		  ? WAY_TC
		       : plan->device->xdp_native ? WAY_XDP_NATIVE
						  : WAY_XDP_GENERIC;

	if (plan->shield)
		return is_shield_right(request, plan);
	if (plan->has_tc == plan->has_xdp) /* none, or both: a change was cut short */
		return false;
	return plan->ways[0] == way ||
	       (plan_has_way(plan, way) && is_choice_same(request, plan->slot));
}

static void plan_look(const struct plans_request *request, bool link, struct plan *plan)
{
	bool covered = arrivals_is_covered(request->maps, plan->device);

	plan->way_count = ways_of(plan->device, request->about->hooks[plan->slot], plan->ways);
	plan->has_xdp = xdp_mode_of(request->instance, plan->device, link) != XDP_MODE_NONE;
	plan->has_tc = tc_program(request->instance, plan->device) != 0;
	plan->shield = shield_look(request->instance, plan->device);
	plan->leaves = request->features->flow_kinds && plan->way_count && !request->replace &&
		       tc_leave_program(request->instance, plan->device);
	plan->keep = plan->way_count && !request->replace && covered && is_right(request, plan);
	plan->displaced = has_xdp_way(plan) && !link && covered && !plan->has_xdp &&
			  !plan->has_tc && device_has_program(plan->device);
}

static int compare_plans(const void *left, const void *right, void *devices)
{
	const struct plan *a = left, *b = right;

	return (int)device_height(devices, a->device) - (int)device_height(devices, b->device);
}

static void plans_sort(struct plans *plans)
{
	qsort_r(plans->list, plans->count, sizeof(*plans->list), compare_plans, &plans->devices);
}

static int plans_list(const struct about *about, struct plans *plans, struct error *ret_error)
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
		plans->list[plans->count++] = (struct plan){.device = device, .slot = slot};
	}
	plans_sort(plans);
	return 0;
}

static bool is_below_a_plan(const struct plans *plans, const struct device *device)
{
	for (size_t i = 0; i < plans->count; i++)
		if (plans->list[i].slot && device_is_above(plans->list[i].device, device))
			return true;
	return false;
}

/* What is no longer listed, and could not be detached once those above it are attached. */
static void add_unlisted(const struct instance *instance, struct plans *plans)
{
	for (size_t i = 0; i < plans->devices.count; i++) {
		const struct device *device = &plans->devices.list[i];

		if (!device_has_program(device) || plan_of(plans, device) ||
		    plans->count == RW_SLOTS || !is_below_a_plan(plans, device) ||
		    !is_bare(instance, device))
			continue;
		plans->list[plans->count++] = (struct plan){.device = device, .again = true};
	}
}

int plans_make(const struct plans_request *request, struct plans *ret, struct error *ret_error)
{
	_plans_ struct plans plans = {.instance = request->instance,
				      .features = request->features,
				      .xdp_link = request->features->links,
				      .tc_link = request->features->tcx};
	int r = device_links_rename(request->instance), fd;
	size_t i;

	if (r)
		return error_set(ret_error, -r, "cannot rename the pins of links: %s",
				 strerror(-r));
	r = plans_list(request->about, &plans, ret_error);
	if (r)
		return r;
	for (i = 0; i < plans.count; i++)
		plan_look(request, plans.xdp_link, &plans.list[i]);
	add_unlisted(request->instance, &plans);
	for (i = 0; i < plans.count; i++)
		if (needs_way(request->instance, &plans.list[i]))
			make_way(request->instance, plans.list[i].device, &plans);
	for (i = 0; !r && i < plans.count; i++) {
		const struct plan *plan = &plans.list[i];

		if (plan->way_count && !plan->keep)
			r = plans_program(&plans, plan, plan->ways[0], &fd, ret_error);
		if (!r && plan->way_count && plans.features->flow_kinds && !plan->leaves)
			r = plans_leave(&plans, plan, &fd, ret_error);
	}
	if (r)
		return r;
	plans_sort(&plans);
	*ret = plans;
	plans = (struct plans){0};
	return 0;
}

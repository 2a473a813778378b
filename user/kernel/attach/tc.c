/* SPDX-License-Identifier: GPL-2.0 */
/* tc.c - tcx links, and filters on clsact where there are none. */
#include "kernel/attach/tc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "host/tc_filter.h"
#include "kernel/attach/device_link.h"
#include "kernel/attach/link_pin.h"
#include "kernel/attach/owner.h"
#include "util/cleanup.h"

#define BPF_F_BEFORE_ (1U << 3) /* linux/bpf.h since 6.6 */
#define TCX_PROGRAMS  64	/* the kernel's own limit (BPF_MPROG_MAX) */

/* Handles of our filters: on a qdisc that was there, and on one that we made. */
#define HANDLE_GUEST 0x52570001
#define HANDLE_MAKER 0x52570002
#define PRIORITIES   8 /* that are tried: others may have filters of another kind at the first ones */

/* Which way: what comes is judged, and of what leaves something is learned. */
struct side {
	enum link_kind link;
	int type;
	enum bpf_tc_attach_point point;
};

static const struct side comes = {LINK_TC, BPF_TCX_INGRESS_, BPF_TC_INGRESS};
static const struct side leaves = {LINK_LEAVE, BPF_TCX_EGRESS_, BPF_TC_EGRESS};

/* --- links ------------------------------------------------------------------------------------ */

static __u32 programs_read(const struct device *device, const struct side *side,
			   __u32 ids[TCX_PROGRAMS])
{
	__u32 count = TCX_PROGRAMS, flags = 0;

	if (bpf_prog_query((int)device->ifindex, side->type, 0, &flags, ids, &count))
		return 0;
	return count < TCX_PROGRAMS ? count : TCX_PROGRAMS;
}

__u32 tc_first_program(const struct device *device)
{
	__u32 ids[TCX_PROGRAMS] = {0};

	return programs_read(device, &comes, ids) ? ids[0] : 0;
}

/*
 * Our link, if it is attached to this very device: see device_link_open(). `ret_program` is the id of
 * its program. A descriptor or -errno.
 */
static int link_open(const struct instance *instance, const struct device *device,
		     const struct side *side, __u32 *ret_program)
{
	__u32 ids[TCX_PROGRAMS] = {0}, count, i;
	_close_ int fd = device_link_open(instance, side->link, device->ifindex, ret_program);

	if (fd < 0)
		return fd;
	count = programs_read(device, side, ids);
	for (i = 0; i < count; i++)
		if (ids[i] == *ret_program)
			return TAKE_FD(fd);
	return -ENODEV;
}

static int link_make(const struct instance *instance, const struct device *device,
		     const struct side *side, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = BPF_F_BEFORE_);
	_close_ int link = -1;
	char path[4096];
	int r = device_link_path(instance, side->link, device->ifindex, path, sizeof(path));

	if (r)
		return r;
	/* A dead link: its device is gone, and with it what it filtered. */
	if (unlink(path) && errno != ENOENT)
		return -errno;
	link = bpf_link_create(program_fd, (int)device->ifindex, side->type, &opts);
	if (link < 0)
		return -errno;
	return bpf_obj_pin(link, path) ? -errno : 0;
}

/* --- filters ---------------------------------------------------------------------------------- */

static struct bpf_tc_hook hook_of(const struct device *device, enum bpf_tc_attach_point point)
{
	return (struct bpf_tc_hook){.sz = sizeof(struct bpf_tc_hook),
				    .ifindex = (int)device->ifindex,
				    .attach_point = point};
}

static bool is_filter_ours(const struct instance *instance, const struct tc_filter *filter,
			   enum whose least)
{
	return (filter->handle == HANDLE_GUEST || filter->handle == HANDLE_MAKER) &&
	       whose(instance, filter->program) >= least;
}

/* Our filter. False: there is none that is so much ours. */
static bool filter_find(const struct instance *instance, const struct device *device,
			const struct side *side, enum whose least, struct tc_filter *ret)
{
	_cleanup_(tc_filters_free) struct tc_filters filters = {0};
	size_t i, end;

	if (tc_filters_read(device->ifindex, &filters))
		return false;
	i = side == &comes ? 0 : filters.ingress;
	end = side == &comes ? filters.ingress : filters.count;
	for (; i < end; i++) {
		if (!is_filter_ours(instance, &filters.list[i], least))
			continue;
		*ret = filters.list[i];
		return true;
	}
	return false;
}

static int filter_put(const struct device *device, const struct side *side, int program_fd,
		      const struct tc_filter *place, __u32 flags)
{
	const struct bpf_tc_hook hook = hook_of(device, side->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd, .flags = flags,
		    .handle = place->handle, .priority = place->priority);

	return bpf_tc_attach(&hook, &opts);
}

/* Whichever of our two filters goes last takes it away. */
static bool is_qdisc_ours(const struct instance *instance, const struct device *device,
			  const struct side *side)
{
	const struct side *other = side == &comes ? &leaves : &comes;
	struct tc_filter filter;

	return filter_find(instance, device, other, WHOSE_OURS, &filter) &&
	       filter.handle == HANDLE_MAKER;
}

/* As near to the front as others leave a place. */
static int filter_make(const struct instance *instance, const struct device *device,
		       const struct side *side, int program_fd)
{
	struct bpf_tc_hook hook = hook_of(device, side->point);
	struct bpf_tc_hook qdisc = hook_of(device, BPF_TC_INGRESS | BPF_TC_EGRESS);
	struct tc_filter place = {0};
	int made = bpf_tc_hook_create(&hook), r = -EEXIST;

	if (made && made != -EEXIST)
		return made;
	place.handle = !made || is_qdisc_ours(instance, device, side) ? HANDLE_MAKER : HANDLE_GUEST;
	while (r && place.priority < PRIORITIES) {
		place.priority++;
		r = filter_put(device, side, program_fd, &place, 0);
	}
	if (r && !made)
		bpf_tc_hook_destroy(&qdisc);
	return r;
}

static bool is_empty(const struct device *device)
{
	_cleanup_(tc_filters_free) struct tc_filters filters = {0};

	return !tc_filters_read(device->ifindex, &filters) && !filters.count;
}

static int filter_remove(const struct instance *instance, const struct device *device,
			 const struct side *side, enum whose least)
{
	const struct bpf_tc_hook hook = hook_of(device, side->point);
	struct bpf_tc_hook qdisc = hook_of(device, BPF_TC_INGRESS | BPF_TC_EGRESS);
	struct tc_filter filter;
	int r;

	if (!filter_find(instance, device, side, least, &filter))
		return 0;
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = filter.handle, .priority = filter.priority);
	r = bpf_tc_detach(&hook, &opts);
	if (!r && filter.handle == HANDLE_MAKER && is_empty(device))
		r = bpf_tc_hook_destroy(&qdisc);
	/* The device, or the qdisc, went just now. */
	return r == -ENODEV || r == -ENOENT || r == -EINVAL ? 0 : r;
}

int tc_detach_filter(const struct instance *instance, const struct device *device)
{
	int r = filter_remove(instance, device, &leaves, WHOSE_OURS);

	return r ? r : filter_remove(instance, device, &comes, WHOSE_OURS);
}

static bool side_is_left(const struct instance *instance, const struct device *device,
			 const struct side *side)
{
	struct tc_filter filter;

	return filter_find(instance, device, side, WHOSE_LEFT, &filter) &&
	       whose(instance, filter.program) == WHOSE_LEFT;
}

bool tc_is_left(const struct instance *instance, const struct device *device)
{
	return side_is_left(instance, device, &comes) || side_is_left(instance, device, &leaves);
}

int tc_remove_left(const struct instance *instance, const struct device *device)
{
	int r = 0;

	if (side_is_left(instance, device, &leaves))
		r = filter_remove(instance, device, &leaves, WHOSE_LEFT);
	if (!r && side_is_left(instance, device, &comes))
		r = filter_remove(instance, device, &comes, WHOSE_LEFT);
	return r;
}

/* --- both ------------------------------------------------------------------------------------- */

static __u32 side_program(const struct instance *instance, const struct device *device,
			  const struct side *side)
{
	struct tc_filter filter;
	__u32 program = 0;
	_close_ int link = link_open(instance, device, side, &program);

	if (link >= 0)
		return program;
	return filter_find(instance, device, side, WHOSE_OURS, &filter) ? filter.program : 0;
}

static int side_attach(const struct instance *instance, const struct device *device,
		       const struct side *side, int program_fd, bool link)
{
	struct tc_filter filter;
	__u32 program;
	_close_ int there = link_open(instance, device, side, &program);

	if (there >= 0 && bpf_link_update(there, program_fd, NULL) == 0)
		return 0;
	if (!link && filter_find(instance, device, side, WHOSE_LEFT, &filter))
		return filter_put(device, side, program_fd, &filter, BPF_TC_F_REPLACE);
	return link ? link_make(instance, device, side, program_fd)
		    : filter_make(instance, device, side, program_fd);
}

static int side_detach(const struct instance *instance, const struct device *device,
		       const struct side *side)
{
	char path[4096];
	int r = device_link_path(instance, side->link, device->ifindex, path, sizeof(path));

	if (!r)
		r = link_unpin(path);
	return r ? r : filter_remove(instance, device, side, WHOSE_OURS);
}

__u32 tc_program(const struct instance *instance, const struct device *device)
{
	return side_program(instance, device, &comes);
}

int tc_attach(const struct instance *instance, const struct device *device, int program_fd,
	      bool link)
{
	return side_attach(instance, device, &comes, program_fd, link);
}

int tc_detach(const struct instance *instance, const struct device *device)
{
	return side_detach(instance, device, &comes);
}

__u32 tc_leave_program(const struct instance *instance, const struct device *device)
{
	return side_program(instance, device, &leaves);
}

int tc_leave_attach(const struct instance *instance, const struct device *device, int program_fd,
		    bool link)
{
	return side_attach(instance, device, &leaves, program_fd, link);
}

int tc_leave_detach(const struct instance *instance, const struct device *device)
{
	return side_detach(instance, device, &leaves);
}

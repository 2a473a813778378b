/* SPDX-License-Identifier: GPL-2.0 */
/* pending.c - read and write the one element of `pending`. */
#include "kernel/commit/pending.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/generation/generation.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define SECOND_NS 1000000000ULL
#define GRACE_NS  SECOND_NS /* to take it back */

int pending_read_raw(const struct maps *maps, struct rw_pending *ret, struct error *ret_error)
{
	struct rw_pending pending;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(maps->fd[MAP_PENDING], &zero, &pending))
		return error_set(ret_error, errno, "cannot read what awaits confirmation: %s",
				 strerror(errno));
	*ret = pending;
	return 0;
}

int pending_read(const struct maps *maps, struct rw_pending *ret, struct error *ret_error)
{
	struct rw_policy_header header = {0};
	struct rw_pending pending = {0};
	int r = pending_read_raw(maps, &pending, ret_error);

	if (r)
		return r;
	r = generation_header(maps, &header);
	if (r && r != -ENOENT)
		return error_set(ret_error, -r, "cannot read the policy in force: %s",
				 strerror(-r));
	if (!pending.deadline || r || pending.generation != header.generation)
		pending = (struct rw_pending){0};
	*ret = pending;
	return 0;
}

int pending_ask(const struct instance *instance, struct rw_pending *ret, struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	int r = maps_open(instance, &maps, ret_error);

	return r ? r : pending_read(&maps, ret, ret_error);
}

int pending_write(const struct maps *maps, const struct rw_pending *pending,
		  struct error *ret_error)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(maps->fd[MAP_PENDING], &zero, pending, BPF_ANY))
		return error_set(ret_error, errno, "cannot note what awaits confirmation: %s",
				 strerror(errno));
	return 0;
}

uint64_t pending_now(void)
{
	return (uint64_t)clock_now(CLOCK_BOOTTIME);
}

uint32_t pending_left(const struct rw_pending *pending)
{
	uint64_t now = pending_now();

	return pending->deadline > now ? (pending->deadline - now + SECOND_NS - 1) / SECOND_NS : 0;
}

bool pending_is_overdue(const struct rw_pending *pending)
{
	return pending->deadline && pending_now() > pending->deadline + GRACE_NS;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* installation.c - the steps of a change. Invariants I1 to I4: install.h. */
#include "kernel/commit/installation.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/attach/cgroup.h"
#include "kernel/commit/remove.h"
#include "kernel/generation/rule_counters.h"
#include "kernel/object/netns.h"

void installation_free(struct installation *installation)
{
	object_free(&installation->cgroup_object);
	maps_close(&installation->maps);
	cleanup_close(&installation->old_policy_fd);
	generation_close(&installation->current);
	generation_close(&installation->next);
	xdp_plans_free(&installation->plans);
}

/* Zeros: nobody has attached anything yet. */
static struct rw_build build_read(const struct maps *maps)
{
	struct rw_build build = {0};
	__u32 zero = 0;

	bpf_map_lookup_elem(maps->fd[MAP_BUILD], &zero, &build);
	return build;
}

static bool is_ours(const struct rw_build *build)
{
	return build->abi == RW_ABI_VERSION && build->object == object_hash();
}

bool is_others_build(const struct maps *maps)
{
	struct rw_build build = build_read(maps);

	return build.object && !is_ours(&build);
}

static int open_or_load(struct installation *installation, struct error *ret_error)
{
	const struct instance *instance = installation->instance;
	struct rw_build build;
	bool same;
	int error;

	features_probe(&installation->features);
	installation->linked = has_pins(instance, "links") || remove_has_left(instance);
	installation->fresh = !has_pins(instance, "maps") && !has_pins(instance, "links");
	error = maps_open(instance, &installation->maps, ret_error);
	installation->renewed = error == -EPROTO;
	if (installation->renewed && !maps_forget(instance, ret_error))
		error = -ESTALE;
	if (error && error != -ENOENT && error != -ESTALE)
		return error;
	build = build_read(&installation->maps);
	same = !error && is_ours(&build);
	installation->foreign =
		installation->renewed || (!error && is_others_build(&installation->maps));
	if (same && cgroup_is_complete(instance, &installation->features))
		return 0;
	/* A map whose pin was lost is made anew; programs that use the lost one are replaced. */
	installation->replace = !same;
	maps_close(&installation->maps);
	error = load_cgroup(instance, &installation->features, &installation->cgroup_object,
			    ret_error);
	return error ? error : maps_open(instance, &installation->maps, ret_error);
}

/*
 * -ESTALE (pins lost) and -EPROTO (records of another layout) count as none: slots and counters
 * start anew. The policy itself can come back: that is two kinds of maps, which are of this layout.
 */
static int open_current(struct installation *installation, struct error *ret_error)
{
	__u32 zero = 0, id;
	int error;

	error = generation_header(&installation->maps, &installation->header);
	if (error == -ENOENT)
		return 0;
	if (!error && bpf_map_lookup_elem(installation->maps.fd[MAP_POLICY], &zero, &id) == 0)
		installation->old_policy_fd = bpf_map_get_fd_by_id(id);
	if (error || installation->old_policy_fd < 0)
		return error_set(ret_error, error ? -error : errno,
				 "cannot open the policy in force: %s",
				 strerror(error ? -error : errno));
	error = generation_current(installation->instance, &installation->maps,
				   &installation->current, ret_error);
	installation->renewed |= error == -EPROTO;
	return error == -ESTALE || error == -EPROTO ? 0 : error;
}

int installation_open(struct installation *installation, struct error *ret_error)
{
	int error = open_or_load(installation, ret_error);

	return error ? error : open_current(installation, ret_error);
}

int installation_prepare(struct installation *installation, struct error *ret_error)
{
	return xdp_prepare(installation->instance, &installation->features, &installation->maps,
			   installation->next.about, installation->replace, &installation->plans,
			   ret_error);
}

static int write_build(const struct installation *installation)
{
	const struct rw_build build = {
		.abi = RW_ABI_VERSION,
		.namespaces = installation->features.netns != NETNS_NONE &&
			      netns_own() != RW_NETNS_UNKNOWN,
		.object = object_hash(),
	};
	__u32 zero = 0;

	return bpf_map_update_elem(installation->maps.fd[MAP_BUILD], &zero, &build, BPF_ANY)
		       ? -errno
		       : 0;
}

static int attach(struct installation *installation, struct error *ret_error)
{
	const struct instance *instance = installation->instance;
	int error = 0;

	if (installation->cgroup_object)
		error = cgroup_attach(instance, &installation->features,
				      installation->cgroup_object, ret_error);
	if (!error)
		error = xdp_attach(instance, &installation->maps, &installation->plans, ret_error);
	if (!error)
		error = xdp_detach(instance, &installation->maps, installation->next.about,
				   &installation->plans.devices, ret_error);
	if (!error && write_build(installation))
		error = error_set(ret_error, errno, "cannot write down the build: %s",
				  strerror(errno));
	return error;
}

/* The old zone prefixes are still there: two neighbouring generations never share a side. */
static int put_back(struct installation *installation, struct error *ret_error)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(installation->maps.fd[MAP_POLICY], &zero,
				&installation->old_policy_fd, BPF_ANY))
		return error_set(ret_error, errno, "%s", strerror(errno));
	return installation->current.about ? xdp_detach(installation->instance, &installation->maps,
							installation->current.about,
							&installation->plans.devices, ret_error)
					   : 0;
}

/* Nothing filtered before, whatever a dead process has left pinned. */
static int take_away(struct installation *installation, struct error *ret_error)
{
	if (!installation->linked)
		return remove_everything(installation->instance, ret_error);
	return error_set(ret_error, ESTALE,
			 "its maps are another version's, or have lost their pins");
}

void installation_back_out(struct installation *installation, struct error *ret_error)
{
	struct error why = {0}, cause = *ret_error;
	int error = installation->old_policy_fd >= 0 ? put_back(installation, &why)
						     : take_away(installation, &why);

	installation->stays = error;
	if (!error)
		return;
	error_set(ret_error, EIO,
		  "%s; what was in force before cannot be put back (%s): generation %u is in force "
		  "as far as it is attached",
		  cause.what, why.what, installation->next.number);
	error_where(ret_error, "%s", cause.where);
	error_hint(ret_error,
		   "'rolewall status' shows how far; mend the cause, and 'rolewall apply'");
}

int installation_switch(struct installation *installation, struct error *ret_error)
{
	int error = generation_commit(&installation->maps, &installation->next, ret_error);

	if (error)
		return error;
	error = attach(installation, ret_error);
	if (error)
		installation_back_out(installation, ret_error);
	else /* What fails here is made up for when the counter is needed again. */
		rule_counters_retire(&installation->maps, &installation->current,
				     &installation->next);
	return error;
}

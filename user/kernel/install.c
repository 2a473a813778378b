/* SPDX-License-Identifier: GPL-2.0 */
/* install.c - the order in which a policy comes into force. Invariants I1 to I4: install.h. */
#include "install.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../util/cleanup.h"
#include "cgroup.h"
#include "generation.h"
#include "lock.h"
#include "remove.h"
#include "xdp.h"

/* Everything one apply holds while it runs. */
struct installation {
	const struct instance *instance;
	const struct install_request *request;
	struct features features;
	struct rolewall_bpf *cgroup_object; /* NULL: what is attached stays */
	struct maps maps;
	struct generation current; /* number 0: there is none */
	struct generation next;
	struct xdp_plans plans;
	bool replace; /* the attached programs are of another build */
};

static void installation_free(struct installation *installation)
{
	object_free(&installation->cgroup_object);
	maps_close(&installation->maps);
	generation_close(&installation->current);
	generation_close(&installation->next);
	xdp_plans_free(&installation->plans);
}

static bool is_same_build(const struct maps *maps)
{
	struct rw_build build;
	__u32 zero = 0;

	return bpf_map_lookup_elem(maps->fd[MAP_BUILD], &zero, &build) == 0 &&
	       build.abi == RW_ABI_VERSION && build.object == object_hash();
}

/* Maps and cgroup programs: what is there is used, what is missing is loaded. */
static int open_or_load(struct installation *installation, struct error *ret_error)
{
	const struct instance *instance = installation->instance;
	int error;

	features_probe(&installation->features);
	error = maps_open(instance, &installation->maps, ret_error);
	if (!error && is_same_build(&installation->maps) && cgroup_is_complete(instance))
		return 0;
	if (error && error != -ENOENT)
		return error;
	installation->replace = !error && !is_same_build(&installation->maps);
	maps_close(&installation->maps);
	error = load_cgroup(instance, &installation->features, &installation->cgroup_object,
			    ret_error);
	return error ? error : maps_open(instance, &installation->maps, ret_error);
}

/* -ESTALE (pins lost) counts as none: slots and counters start anew. */
static int open_current(struct installation *installation, struct error *ret_error)
{
	int error = generation_current(installation->instance, &installation->maps,
				       &installation->current, ret_error);

	return error == -ENOENT || error == -ESTALE ? 0 : error;
}

/* Number of the policy in force even where its pins are lost. */
static struct rw_policy_header header_in_force(const struct maps *maps)
{
	struct rw_policy_entry entry = {0};
	__u32 zero = 0, id;
	_close_ int fd = -1;

	if (bpf_map_lookup_elem(maps->fd[MAP_POLICY], &zero, &id) == 0) {
		fd = bpf_map_get_fd_by_id(id);
		if (fd >= 0 && bpf_map_lookup_elem(fd, &zero, &entry))
			entry.header.generation = 0;
	}
	return entry.header;
}

static int build_next(struct installation *installation, struct error *ret_error)
{
	const struct install_request *request = installation->request;
	struct rw_policy_header header = header_in_force(&installation->maps);
	struct generation_request generation = {
		.tables = request->tables,
		.current = &installation->current,
		.node_file = request->node_file,
		.rule_counters = installation->maps.fd[MAP_RULE_COUNTERS],
		.number = header.generation + 1,
		.flags = request->tables->flags,
		.side = !header.side,
	};

	if (request->observe)
		generation.flags &= ~(RW_POLICY_ENFORCE | RW_POLICY_BIND_DENY);
	return generation_build(installation->instance, &generation, &installation->next,
				ret_error);
}

/* All that can be refused by the verifier or for want of memory comes before the commit. */
static int prepare(struct installation *installation, struct error *ret_error)
{
	int error = open_or_load(installation, ret_error);

	if (!error)
		error = open_current(installation, ret_error);
	if (!error)
		error = build_next(installation, ret_error);
	if (!error)
		error = xdp_prepare(installation->instance, &installation->features,
				    &installation->maps, installation->next.about,
				    installation->replace, &installation->plans, ret_error);
	return error;
}

static int write_build(const struct maps *maps)
{
	struct rw_build build = {.abi = RW_ABI_VERSION, .object = object_hash()};
	__u32 zero = 0;

	return bpf_map_update_elem(maps->fd[MAP_BUILD], &zero, &build, BPF_ANY) ? -errno : 0;
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
				   ret_error);
	if (!error && write_build(&installation->maps))
		error = error_set(ret_error, errno, "cannot write down the build: %s",
				  strerror(errno));
	return error;
}

/* The way back after a commit whose programs could not all be attached. */
static void back_out(struct installation *installation)
{
	struct error ignored;

	if (installation->current.number == 0)
		return;
	if (generation_commit(&installation->maps, &installation->current, &ignored) == 0)
		generation_remove(installation->instance, installation->next.number);
}

static int commit(struct installation *installation, struct error *ret_error)
{
	int error = generation_commit(&installation->maps, &installation->next, ret_error);

	if (error) {
		generation_remove(installation->instance, installation->next.number);
		return error;
	}
	error = attach(installation, ret_error);
	if (error)
		back_out(installation);
	return error;
}

int install_policy(const struct instance *instance, const struct install_request *request,
		   struct install_result *ret, struct error *ret_error)
{
	_cleanup_(installation_free) struct installation installation = {
		.instance = instance,
		.request = request,
		.maps = MAPS_NONE,
		.current = GENERATION_NONE,
		.next = GENERATION_NONE,
	};
	struct install_result result = {0};
	_close_ int lock = -1;
	int error;

	error = lock_take(instance, "lock", &lock, &result.waited, ret_error);
	if (!error)
		error = prepare(&installation, ret_error);
	if (error)
		return error;
	error = commit(&installation, ret_error);
	if (error) {
		/* A first apply leaves nothing half done behind. */
		if (installation.current.number == 0)
			remove_everything(instance, NULL);
		return error;
	}
	result.generation = installation.next.number;
	result.old_generation = installation.current.number;
	/* A pin too many is no reason to fail: the next apply removes it (I4). */
	generation_keep(instance, result.generation, result.old_generation);
	*ret = result;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* transaction.c - the steps of a change. Invariants I1 to I4: install.h. */
#include "kernel/commit/transaction.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/attach/cgroup.h"
#include "kernel/commit/remove.h"
#include "kernel/generation/rule_counters.h"
#include "kernel/object/netns.h"
#include "util/say.h"

void transaction_free(struct transaction *transaction)
{
	object_free(&transaction->cgroup_object);
	maps_close(&transaction->maps);
	cleanup_close(&transaction->old_policy_fd);
	generation_close(&transaction->current);
	generation_close(&transaction->next);
	plans_free(&transaction->plans);
}

/* Zeros: nothing has been attached yet. */
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

unsigned int build_programs(const struct maps *maps)
{
	return build_read(maps).knows & RW_KNOWS_PROGRAMS;
}

static int open_or_load(struct transaction *transaction, struct error *ret_error)
{
	const struct instance *instance = transaction->instance;
	struct rw_build build;
	bool same;
	int r;

	features_probe(&transaction->features);
	transaction->linked = has_pins(instance, "links") || remove_has_left(instance);
	transaction->fresh = !has_pins(instance, "maps") && !has_pins(instance, "links");
	r = maps_open(instance, &transaction->maps, ret_error);
	transaction->renewed = r == -EPROTO;
	if (transaction->renewed && !maps_forget(instance, ret_error))
		r = -ESTALE;
	if (r && r != -ENOENT && r != -ESTALE)
		return r;
	build = build_read(&transaction->maps);
	same = !r && is_ours(&build);
	transaction->foreign = transaction->renewed || (!r && is_others_build(&transaction->maps));
	/* A host that begins to forward, or ceases, gets other programs on its interfaces. */
	transaction->replace =
		build_programs(&transaction->maps) != features_programs(&transaction->features);
	if (same && cgroup_is_complete(instance, &transaction->features))
		return 0;
	/* A map whose pin was lost is made anew; programs that use the lost one are replaced. */
	transaction->replace |= !same;
	maps_close(&transaction->maps);
	r = load_cgroup(instance, &transaction->features, &transaction->cgroup_object, ret_error);
	return r ? r : maps_open(instance, &transaction->maps, ret_error);
}

/*
 * -ESTALE (pins lost) and -EPROTO (records of another layout) count as none: slots and counters
 * start anew. The policy itself can come back: that is two kinds of maps, which are of this layout.
 */
static int open_current(struct transaction *transaction, struct error *ret_error)
{
	__u32 zero = 0, id;
	int r;

	r = generation_header(&transaction->maps, &transaction->header);
	if (r == -ENOENT)
		return 0;
	if (!r && bpf_map_lookup_elem(transaction->maps.fd[MAP_POLICY], &zero, &id) == 0)
		transaction->old_policy_fd = bpf_map_get_fd_by_id(id);
	if (r || transaction->old_policy_fd < 0)
		return error_set(ret_error, r ? -r : errno, "cannot open the policy in force: %s",
				 strerror(r ? -r : errno));
	r = generation_current(transaction->instance, &transaction->maps, &transaction->current,
			       ret_error);
	transaction->renewed |= r == -EPROTO;
	return r == -ESTALE || r == -EPROTO ? 0 : r;
}

int transaction_open(struct transaction *transaction, struct error *ret_error)
{
	int r = open_or_load(transaction, ret_error);

	return r ? r : open_current(transaction, ret_error);
}

int transaction_prepare(struct transaction *transaction, struct error *ret_error)
{
	const struct plans_request request = {
		.instance = transaction->instance,
		.features = &transaction->features,
		.maps = &transaction->maps,
		.about = transaction->next.about,
		.before = transaction->current.about,
		.replace = transaction->replace,
	};

	int r = plans_make(&request, &transaction->plans, ret_error);

	/* The kernel has what they need, and does not take the whole of them: filtering comes first. */
	while (r && features_reduce(&transaction->features)) {
		say(SAY_DEBUG, "programs for a host that forwards or has tunnels: %s",
		    ret_error->what);
		r = plans_make(&request, &transaction->plans, ret_error);
	}
	return r;
}

static int write_build(const struct transaction *transaction)
{
	const struct features *features = &transaction->features;
	bool knows_netns = features->netns != NETNS_NONE && netns_own() != RW_NETNS_UNKNOWN;
	const struct rw_build build = {
		.abi = RW_ABI_VERSION,
		.knows = (knows_netns ? RW_KNOWS_NAMESPACES : 0) |
			 (features->forwards ? RW_KNOWS_FORWARDING : 0) |
			 features_programs(features) | (features->cookies ? RW_KNOWS_COOKIES : 0),
		.object = object_hash(),
	};
	__u32 zero = 0;

	return bpf_map_update_elem(transaction->maps.fd[MAP_BUILD], &zero, &build, BPF_ANY) ? -errno
											    : 0;
}

static int attach(struct transaction *transaction, struct error *ret_error)
{
	const struct instance *instance = transaction->instance;
	int r = 0;

	if (transaction->cgroup_object)
		r = cgroup_attach(instance, &transaction->features, transaction->cgroup_object,
				  ret_error);
	if (!r)
		r = interfaces_attach(instance, &transaction->maps, &transaction->plans, ret_error);
	if (!r)
		r = interfaces_detach(instance, &transaction->maps, transaction->next.about,
				      ret_error);
	if (!r && write_build(transaction))
		r = error_set(ret_error, errno, "cannot write down the build: %s", strerror(errno));
	return r;
}

/* The old zone prefixes are still there: `next` has a side of its own (RW_SIDES). */
static int put_back(struct transaction *transaction, struct error *ret_error)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(transaction->maps.fd[MAP_POLICY], &zero,
				&transaction->old_policy_fd, BPF_ANY))
		return error_set(ret_error, errno, "%s", strerror(errno));
	return transaction->current.about
		       ? interfaces_detach(transaction->instance, &transaction->maps,
					   transaction->current.about, ret_error)
		       : 0;
}

/* Nothing filtered before, whatever a dead process has left pinned. */
static int take_away(struct transaction *transaction, struct error *ret_error)
{
	if (!transaction->linked)
		return remove_everything(transaction->instance, ret_error);
	return error_set(ret_error, ESTALE,
			 "its maps are another version's, or have lost their pins");
}

void transaction_back_out(struct transaction *transaction, struct error *ret_error)
{
	struct error why = {0}, cause = *ret_error;
	int r = transaction->old_policy_fd >= 0 ? put_back(transaction, &why)
						: take_away(transaction, &why);

	transaction->stays = r;
	if (!r)
		return;
	error_set(ret_error, EIO,
		  "%s; what was in force before cannot be put back (%s): generation %u is in force "
		  "as far as it is attached",
		  cause.what, why.what, transaction->next.number);
	error_where(ret_error, "%s", cause.where);
	error_hint(ret_error, "'rolewall status' shows what is attached; remove the cause, then "
			      "run 'rolewall apply'");
}

int transaction_switch(struct transaction *transaction, struct error *ret_error)
{
	int r = generation_commit(&transaction->maps, &transaction->next, ret_error);

	if (r)
		return r;
	r = attach(transaction, ret_error);
	if (r)
		transaction_back_out(transaction, ret_error);
	else /* What fails here is made up for when the counter is needed again. */
		rule_counters_retire(&transaction->maps, &transaction->current, &transaction->next);
	return r;
}

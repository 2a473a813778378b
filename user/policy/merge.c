/* SPDX-License-Identifier: GPL-2.0 */
/* merge.c - roles and node file put together. */
#include "policy/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cluster.h"
#include "policy/flows.h"
#include "policy/profile_files.h"
#include "policy/service.h"
#include "policy/set_join.h"
#include "util/array.h"
#include "util/cleanup.h"

void merged_free(struct merged *merged)
{
	free(merged->rows);
	*merged = (struct merged){0};
}

int merged_add(struct merged *merged, const char *role, const struct service_model *services,
	       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (int l4 = RW_L4_TCP; l4 <= RW_L4_UDP; l4++) {
			struct row *row;

			if (!(services[i].l4s & (1 << l4)))
				continue;
			row = array_append(&merged->rows, &merged->row_count, sizeof(*row));
			if (!row)
				return -ENOMEM;
			*row = (struct row){
				&services[i], role,  l4, services[i].zones | services[i].sets,
				false,	      false, {0}};
			if (l4 == RW_L4_TCP)
				row->limit = services[i].limit;
			row->limit_is_own = row->limit.count;
			if (services[i].loopback_only)
				row->zones = RW_ZONE_NOBODY;
		}
	}
	return 0;
}

static int rows_add_all(struct merged *merged, const struct model *model)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < model->role_count; i++)
		r = merged_add(merged, model->roles[i].name, model->roles[i].services,
			       model->roles[i].service_count);
	if (r == 0)
		r = merged_add(merged, MERGE_NODE, model->node.services, model->node.service_count);
	return r;
}

/* --- vpn_only --------------------------------------------------------------------------------- */

/*
 * Only what the world may reach is narrowed: internal rows stay as they are. `also` are the sets
 * in vpn_only; those that the service names itself stay.
 */
static bool row_narrow(struct row *row, uint64_t also)
{
	if (!(row->service->zones & RW_ZONE_EXTERNAL))
		return false;
	row->zones = RW_ZONE_VPN | also | row->service->sets;
	row->narrowed = true;
	return true;
}

static int name_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* A service that is advised in one row is narrowed in all. */
static int advised_narrow(struct merged *merged, uint64_t also, struct error *ret_error)
{
	_free_ const char **advised = calloc(merged->row_count + 1, sizeof(*advised));
	size_t count = 0;

	if (!advised)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (size_t i = 0; i < merged->row_count; i++)
		if (merged->rows[i].service->vpn_advised)
			advised[count++] = merged->rows[i].service->name;
	qsort(advised, count, sizeof(*advised), name_compare);
	for (size_t i = 0; i < merged->row_count; i++) {
		const char *name = merged->rows[i].service->name;

		if (bsearch(&name, advised, count, sizeof(*advised), name_compare))
			row_narrow(&merged->rows[i], also);
	}
	return 0;
}

/* `all` is the word for all of them. */
static int service_refuse(const struct merged *merged, const struct at *at, const char *name,
			  const char *all, struct error *ret_error)
{
	struct guess guess = guess_begin(name);
	int r;

	r = error_at(ret_error, at, "no role of this node has a service \"%s\"", name);
	for (size_t i = 0; i < merged->row_count; i++)
		guess_consider(&guess, merged->rows[i].service->name);
	guess_consider(&guess, all);
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "list the role that has it under \"roles\", or leave it out");
	return r;
}

/* Nodes of a cluster may share what they say of the VPN: a service is another node's then. */
static bool is_of_a_peer(const struct model *model, const char *service)
{
	return model->node.cluster.exists && profile_files_have_service(&model->files, service);
}

static int service_narrow(struct merged *merged, const struct model *model, uint64_t also,
			  const struct name_model *name, struct error *ret_error)
{
	bool found = false, narrowed = false;
	int r;

	for (size_t i = 0; i < merged->row_count; i++) {
		if (strcmp(merged->rows[i].service->name, name->name) != 0)
			continue;
		found = true;
		narrowed = row_narrow(&merged->rows[i], also) || narrowed;
	}
	if (!found && is_of_a_peer(model, name->name))
		return 0;
	if (!found)
		return service_refuse(merged, &name->at, name->name, MODEL_ADVISED, ret_error);
	if (narrowed)
		return 0;
	r = error_at(ret_error, &name->at,
		     "\"%s\" cannot be narrowed to the VPN: no role of this node opens it to the "
		     "external zone",
		     name->name);
	error_hint(ret_error, "leave it out; it is not reachable from outside as it is");
	return r;
}

/* Sets in vpn_only may reach whatever it narrows, as the VPN may. */
static int vpn_only_sets(const struct merged *merged, const struct node_model *node, uint64_t *ret,
			 struct error *ret_error)
{
	for (size_t i = 0; i < node->vpn_only_count; i++) {
		const struct name_model *name = &node->vpn_only[i];
		uint64_t bit = set_bit(&node->sets, name->name);

		for (size_t k = 0; bit && k < merged->row_count; k++) {
			if (strcmp(merged->rows[k].service->name, name->name) != 0)
				continue;
			error_at(ret_error, &name->at, "\"%s\" is a service and a set", name->name);
			error_hint(ret_error, "give the set another name");
			return -EINVAL;
		}
		*ret |= bit;
	}
	return 0;
}

static int vpn_only_apply(struct merged *merged, const struct model *model, struct error *ret_error)
{
	const struct node_model *node = &model->node;
	uint64_t also = 0;
	int result = 0, r = vpn_only_sets(merged, node, &also, ret_error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < node->vpn_only_count; i++) {
		const struct name_model *name = &node->vpn_only[i];

		if (!strcmp(name->name, MODEL_ADVISED))
			r = advised_narrow(merged, also, ret_error);
		else if (!set_bit(&node->sets, name->name))
			r = service_narrow(merged, model, also, name, ret_error);
		if (r < 0 && !error_keep(ret_error, r))
			return r;
		result = r < 0 ? r : result;
		r = 0;
	}
	return result;
}

/*
 * A service of the internal table opens to the peers that connect to it, and to no others. What is
 * open to the world stays so, and what the node file adds is as it says.
 */
static void flows_apply(struct merged *merged, const struct model *model)
{
	if (!model->node.cluster.least)
		return;
	merged->flows = &model->flows;
	for (size_t i = 0; i < merged->row_count; i++) {
		struct row *row = &merged->rows[i];

		if (!(row->zones & RW_ZONE_INTERNAL) || (row->zones & RW_ZONE_EXTERNAL) ||
		    !strcmp(row->role, MERGE_NODE))
			continue;
		row->zones &= ~RW_ZONE_INTERNAL;
		row->zones |= flows_to(&model->flows, row->role, row->service->name);
	}
}

/*
 * Without management sources the bit would only raise questions in what is shown. What is for this
 * node alone stays so, whatever it is called.
 */
static void management_apply(struct merged *merged, const struct node_model *node)
{
	uint64_t bits = node->management.count ? RW_ZONE_MANAGEMENT : 0;

	for (size_t i = 0; i < node->management_set_count; i++)
		bits |= set_bit(&node->sets, node->management_sets[i].name);
	for (size_t i = 0; i < merged->row_count; i++)
		if (!strcmp(merged->rows[i].service->name, MERGE_SSH) &&
		    !merged->rows[i].service->loopback_only)
			merged->rows[i].zones |= bits;
}

static int limit_apply(struct merged *merged, const struct model *model,
		       const struct limit_model *limit, struct error *ret_error)
{
	bool found = false, has_tcp = false;

	for (size_t i = 0; i < merged->row_count; i++) {
		struct row *row = &merged->rows[i];

		if (strcmp(row->service->name, limit->name) != 0)
			continue;
		found = true;
		if (row->l4 != RW_L4_TCP || row->service->loopback_only)
			continue;
		has_tcp = true;
		row->limit = limit->limit;
		row->limit_is_own = true;
	}
	if (has_tcp || (!found && is_of_a_peer(model, limit->name)))
		return 0;
	if (!found)
		return service_refuse(merged, &limit->at, limit->name, LIMIT_DEFAULT, ret_error);
	error_at(ret_error, &limit->at, "a limit counts connections of TCP, and \"%s\" has none",
		 limit->name);
	error_hint(ret_error, "leave it out");
	return -EINVAL;
}

/* What the node file says of a service holds in place of what the service says itself. */
static int limits_apply(struct merged *merged, const struct model *model, struct error *ret_error)
{
	const struct limit_list *limits = &model->node.limits;
	int r, result = 0;

	for (size_t i = 0; i < limits->count; i++) {
		if (!strcmp(limits->list[i].name, LIMIT_DEFAULT))
			continue;
		r = limit_apply(merged, model, &limits->list[i], ret_error);
		if (r < 0 && !error_keep(ret_error, r))
			return r;
		result = r < 0 ? r : result;
	}
	return result;
}

/* For what the world may reach: what is for peers alone has no guessers. */
static void limit_default_apply(struct merged *merged, const struct node_model *node)
{
	const struct limit *all = NULL;

	for (size_t i = 0; i < node->limits.count; i++)
		if (!strcmp(node->limits.list[i].name, LIMIT_DEFAULT))
			all = &node->limits.list[i].limit;
	for (size_t i = 0; all && i < merged->row_count; i++) {
		struct row *row = &merged->rows[i];

		if (row->l4 == RW_L4_TCP && !row->limit_is_own && row->zones & RW_ZONE_EXTERNAL)
			row->limit = *all;
	}
}

int merged_build(const struct model *model, struct merged *ret, struct error *ret_error)
{
	_cleanup_(merged_free) struct merged merged = {0};
	int r;

	if (rows_add_all(&merged, model) < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = vpn_only_apply(&merged, model, ret_error);
	if (r < 0)
		return r;
	r = limits_apply(&merged, model, ret_error);
	if (r < 0)
		return r;
	flows_apply(&merged, model);
	management_apply(&merged, &model->node);
	limit_default_apply(&merged, &model->node);
	*ret = merged;
	merged = (struct merged){0};
	return 0;
}

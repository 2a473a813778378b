/* SPDX-License-Identifier: GPL-2.0 */
/* read.c - a node file and the files that it names. */
#include "policy/read.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/cluster.h"
#include "policy/flows.h"
#include "policy/node.h"
#include "policy/profile_files.h"
#include "policy/role.h"
#include "policy/set_join.h"
#include "policy/value.h"
#include "util/array.h"
#include "util/cleanup.h"

#define OWN_ROLE "node" /* what the node file's own services are called */

/* `name` is none of `names`, which stand in `directory`: guess, or say where to look. */
static void names_hint(const struct profile_names *names, const char *directory, const char *name,
		       struct error *ret_error)
{
	struct guess guess = guess_begin(name);

	for (size_t i = 0; i < names->count; i++)
		guess_consider(&guess, names->list[i]);
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "look into %s for those that exist", directory);
}

static int role_refuse(const struct profile_files *files, const struct name_model *name,
		       struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = error_at(ret_error, &name->at, "there is no role \"%s\" in %s", name->name,
			 files->directories[0]);

	if (profile_files_roles(files, &names) == 0)
		names_hint(&names, files->directories[0], name->name, ret_error);
	return r;
}

static int profile_open(const struct node_model *node, const char *roles_dir,
			struct profile_files *ret, struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = profile_names_read(roles_dir, &names, ret_error);

	if (r == 0)
		r = profile_files_open(roles_dir, node->profile.name, ret, ret_error);
	if (r != -ENOENT || !names.count)
		return r;
	r = error_at(ret_error, &node->profile.at, "there is no profile \"%s\" in %s",
		     node->profile.name, roles_dir);
	names_hint(&names, roles_dir, node->profile.name, ret_error);
	return r;
}

/* `name` says where the node file asks for the role; NULL for the one that it need not name. */
static int role_add(struct model *model, const char *role, const struct name_model *name,
		    struct error *ret_error)
{
	char file_name[TABLES_NAME_MAX + 8], file[PATH_MAX];
	struct role_model *next;
	int r;

	snprintf(file_name, sizeof(file_name), "%s.json", role);
	if (!profile_files_find(&model->files, file_name, file) && name)
		return role_refuse(&model->files, name, ret_error);
	next = array_append(&model->roles, &model->role_count, sizeof(*next));
	if (!next)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = role_model_read(file, next, ret_error);
	if (r == -ENOENT)
		error_hint(ret_error, "every profile needs the role \"%s\"", MODEL_EVERY_NODE);
	return r;
}

static int named_role_add(struct model *model, const struct name_model *name,
			  struct error *ret_error)
{
	if (!strcmp(name->name, MODEL_EVERY_NODE))
		return 0;
	if (!strcmp(name->name, OWN_ROLE))
		return error_at(
			ret_error, &name->at,
			"\"%s\" is what the node's own services are called; it cannot be a role",
			OWN_ROLE);
	return role_add(model, name->name, name, ret_error);
}

static int roles_add(struct model *model, struct error *ret_error)
{
	int r = role_add(model, MODEL_EVERY_NODE, NULL, ret_error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < model->node.role_count; i++) {
		int next = named_role_add(model, &model->node.roles[i], ret_error);

		if (next < 0 && !error_keep(ret_error, next))
			return next;
		r = next < 0 ? next : r;
	}
	return r;
}

/* --- the cluster ------------------------------------------------------------------------------ */

/* A cluster file is named from where the node file stands. */
static int cluster_path(const struct policy_source *source, const struct node_model *node,
			char *ret, size_t size, struct error *ret_error)
{
	const char *file = source->cluster_file ? source->cluster_file : node->cluster_file;
	const char *slash = strrchr(source->node_file, '/');
	int directory = 0;

	if (!source->cluster_file && file[0] != '/' && slash)
		directory = slash - source->node_file + 1;
	if (snprintf(ret, size, "%.*s%s", directory, source->node_file, file) >= (int)size)
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 ret);
	return 0;
}

/* What the file says of its own node does not hold for another one. */
static void node_change(struct node_model *node, const char *name)
{
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->profile = (struct name_model){0};
	node->role_count = 0;
	node->roles_given = false;
}

static int cluster_add(const struct policy_source *source, struct node_model *node,
		       struct error *ret_error)
{
	char path[PATH_MAX];
	int r = 0;

	if (source->cluster_file || node->cluster_file) {
		cluster_free(&node->cluster);
		r = cluster_path(source, node, path, sizeof(path), ret_error);
		if (r == 0)
			r = cluster_read(path, &node->cluster, ret_error);
		if (r == -ENOENT)
			error_hint(ret_error, "it is the cluster file that %s names",
				   source->cluster_file ? "--cluster" : source->node_file);
	}
	if (r < 0)
		return r;
	if (source->node && !node->cluster.exists) {
		error_set(ret_error, EINVAL, "another node can only be asked about in a cluster");
		error_hint(ret_error, "name the cluster file with --cluster, or in the node file");
		return -EINVAL;
	}
	if (source->node)
		node_change(node, source->node);
	return node->cluster.exists ? cluster_join(node, ret_error) : 0;
}

/* The keys that every node needs, once it is known whether there is a cluster. */
static int node_complete(const struct node_model *node, struct error *ret_error)
{
	const char *missing = !node->profile.name[0]			    ? "profile"
			      : !node->roles_given && !node->cluster.exists ? "roles"
									    : NULL;
	struct at at = at_value(node->document, 0);

	if (!missing)
		return 0;
	return error_at(ret_error, &at, "a node file lacks the key \"%s\"", missing);
}

static int interfaces_check(const struct node_model *node, struct error *ret_error)
{
	for (size_t i = 0; i < node->interface_count; i++) {
		int r;

		if (!node->interfaces[i].has_cluster || node->cluster.exists)
			continue;
		r = error_at(ret_error, &node->interfaces[i].at,
			     "the sources of this interface name \"" MODEL_CLUSTER
			     "\", but there is no cluster");
		error_hint(ret_error, "name the cluster file under \"cluster\"");
		return r;
	}
	return 0;
}

/* A typo in another node's roles would shut that node out. */
static int peer_roles_check(const struct cluster_model *cluster, const struct profile_files *files,
			    struct error *ret_error)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		const struct peer_model *peer = &cluster->nodes[i];

		for (size_t k = 0; k < peer->role_count; k++) {
			char name[TABLES_NAME_MAX + 8], file[PATH_MAX];

			snprintf(name, sizeof(name), "%s.json", peer->roles[k].name);
			if (!profile_files_find(files, name, file))
				return role_refuse(files, &peer->roles[k], ret_error);
		}
	}
	return 0;
}

static const struct role_model *role_find(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->role_count; i++)
		if (!strcmp(model->roles[i].name, name))
			return &model->roles[i];
	return NULL;
}

/* A flow to a service that a role of this node does not have. */
static int flow_check(const struct model *model, const struct flow_model *flow,
		      struct error *ret_error)
{
	const struct role_model *role = role_find(model, flow->to);

	for (size_t i = 0; role && i < flow->service_count; i++) {
		struct guess guess = guess_begin(flow->services[i].name);
		bool found = false;
		int r;

		for (size_t k = 0; k < role->service_count; k++) {
			found |= !strcmp(role->services[k].name, flow->services[i].name);
			guess_consider(&guess, role->services[k].name);
		}
		if (found)
			continue;
		r = error_at(ret_error, &flow->services[i].at,
			     "the role \"%s\" has no service "
			     "\"%s\"",
			     role->name, flow->services[i].name);
		error_hint_guess(ret_error, &guess);
		return r;
	}
	return 0;
}

static int flows_add(struct model *model, struct error *ret_error)
{
	const struct cluster_model *cluster = &model->node.cluster;
	char file[PATH_MAX];
	int r = 0;

	if (profile_files_find(&model->files, FLOWS_FILE, file)) {
		r = flows_read(file, &model->flows, ret_error);
	} else if (cluster->least) {
		r = error_at(ret_error, &cluster->flows_at,
			     "the profile %s does not say who connects to whom",
			     model->node.profile.name);
		error_hint(ret_error, "take \"flows\": \"all\", or write %s", file);
	}
	for (size_t i = 0; r == 0 && i < model->flows.count; i++)
		r = flow_check(model, &model->flows.list[i], ret_error);
	return r;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int node_add(const struct policy_source *source, struct model *model,
		    struct error *ret_error)
{
	int r = source->text ? node_model_read_as(source->node_file, source->text,
						  source->text_size, &model->node, ret_error)
			     : node_model_read(source->node_file, &model->node, ret_error);

	if (r == 0)
		r = cluster_add(source, &model->node, ret_error);
	if (r == 0)
		r = node_complete(&model->node, ret_error);
	if (r == 0)
		r = interfaces_check(&model->node, ret_error);
	if (r == 0)
		r = node_join_sets(&model->node, source->resolved_dir, ret_error);
	if (r == 0)
		r = profile_open(&model->node, source->roles_dir, &model->files, ret_error);
	return r;
}

/* Mistakes were found, and passed over: it is no syntax error, which ends the reading. */
static bool has_others(const struct error *error)
{
	return error && error->others && error->others->count;
}

/* Of a file that is wrong elsewhere: names that could be read, and mean nothing. */
static void names_look_up(const struct policy_source *source, struct model *model,
			  struct error *ret_error)
{
	if (!model->node.profile.name[0] || model->files.directories[0])
		return;
	if (profile_open(&model->node, source->roles_dir, &model->files, ret_error) < 0)
		error_keep(ret_error, -EINVAL);
	else
		roles_add(model, ret_error);
}

int model_read_from(const struct policy_source *source, struct model *ret, struct error *ret_error)
{
	_cleanup_(model_free) struct model model = {0};
	int r;

	r = node_add(source, &model, ret_error);
	if (r == 0)
		r = roles_add(&model, ret_error);
	else if (has_others(ret_error))
		names_look_up(source, &model, ret_error);
	if (r == 0)
		r = peer_roles_check(&model.node.cluster, &model.files, ret_error);
	if (r == 0)
		r = flows_add(&model, ret_error);
	if (r < 0)
		return r;
	*ret = model;
	model = (struct model){0};
	return 0;
}

int model_read(const char *node_file, const char *roles_dir, struct model *ret,
	       struct error *ret_error)
{
	const struct policy_source source = {.node_file = node_file, .roles_dir = roles_dir};

	return model_read_from(&source, ret, ret_error);
}

void model_free(struct model *model)
{
	for (size_t i = 0; i < model->role_count; i++)
		role_model_free(&model->roles[i]);
	free(model->roles);
	flows_free(&model->flows);
	profile_files_free(&model->files);
	node_model_free(&model->node);
	*model = (struct model){0};
}

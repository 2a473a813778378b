/* SPDX-License-Identifier: GPL-2.0 */
/* cluster.c - the cluster file, and one of its nodes. */
#include "policy/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/names.h"
#include "policy/set.h"
#include "policy/sources.h"
#include "util/array.h"
#include "util/cleanup.h"

#define NODES_MAX 1024

static const struct word words_flows[] = {{"all", 0}, {"least", 1}, {NULL, 0}};

/* --- one node --------------------------------------------------------------------------------- */

/* A network among them would let in every host of that network. */
static int addresses_check(const struct source_list *addresses, struct error *ret_error)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->list[i].cidr.length != 128)
			return error_at(ret_error, &addresses->list[i].at,
					"a node has addresses; this is a network");
	return 0;
}

static int addresses_read(const struct value *value, void *into, struct error *ret_error)
{
	struct peer_model *peer = into;
	int r = sources_read(value, RW_ZONE_INTERNAL, &peer->addresses, NULL, ret_error);

	if (r == 0 && !peer->addresses.count)
		r = error_at(ret_error, &value->at, "a node without an address cannot be a peer");
	return r < 0 ? r : addresses_check(&peer->addresses, ret_error);
}

static int peer_roles_read(const struct value *value, void *into, struct error *ret_error)
{
	struct peer_model *peer = into;

	return names_read(value, &words_of_roles, &peer->roles, &peer->role_count, ret_error);
}

static const struct field peer_fields[] = {
	{"addresses", addresses_read, true},
	{"roles", peer_roles_read, true},
	{NULL, NULL, false},
};

static int peer_read(const char *key, const struct value *value, void *into,
		     struct error *ret_error)
{
	struct cluster_model *cluster = into;
	struct at at = at_key(&value->at);
	struct peer_model *peer;

	if (!is_node_name(key))
		return error_at(ret_error, &at, "a node cannot be called \"%.80s\"", key);
	if (cluster->node_count >= NODES_MAX)
		return error_at(ret_error, &at, "a cluster has at most %d nodes", NODES_MAX);
	peer = array_append(&cluster->nodes, &cluster->node_count, sizeof(*peer));
	if (!peer)
		return error_set(ret_error, ENOMEM, "out of memory");
	peer->at = at;
	snprintf(peer->name, sizeof(peer->name), "%s", key);
	return value_read_fields(value, "a node of a cluster", peer_fields, peer, ret_error);
}

/* --- the file --------------------------------------------------------------------------------- */

static int cluster_profile_read(const struct value *value, void *into, struct error *ret_error)
{
	struct cluster_model *cluster = into;

	cluster->profile.at = value->at;
	return value_get_name(value, "the profile", cluster->profile.name,
			      sizeof(cluster->profile.name), ret_error);
}

static int cluster_flows_read(const struct value *value, void *into, struct error *ret_error)
{
	struct cluster_model *cluster = into;
	int least, r;

	r = value_get_word(value, "\"flows\"", words_flows, &least, ret_error);
	if (r < 0)
		return r;
	cluster->least = least;
	cluster->flows_at = value->at;
	return 0;
}

static int about_read(const struct value *value, void *into, struct error *ret_error)
{
	const char *text;

	return value_get_string(value, "the description", &text, ret_error);
}

static int nodes_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_members(value, "\"nodes\"", peer_read, into, ret_error);
}

static int cluster_sets_read(const struct value *value, void *into, struct error *ret_error)
{
	struct cluster_model *cluster = into;

	return sets_read(value, &cluster->sets, ret_error);
}

static const struct field cluster_fields[] = {
	{"version", version_read, true},
	{"about", about_read, false},
	{"profile", cluster_profile_read, true},
	{"flows", cluster_flows_read, false},
	{"nodes", nodes_read, true},
	{"sets", cluster_sets_read, false},
	{NULL, NULL, false},
};

/* An address of a node, and which of all it is, as they are written. */
struct owned_address {
	const struct source_model *address;
	const struct peer_model *peer;
	size_t place;
};

struct owned_addresses {
	struct owned_address *list; /* owned */
	size_t count;
};

static void owned_addresses_free(struct owned_addresses *addresses)
{
	free(addresses->list);
}

static int owned_compare(const void *left, const void *right)
{
	const struct owned_address *a = left, *b = right;
	int order = cidr_compare(&a->address->cidr, &b->address->cidr);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

static int addresses_collect(const struct cluster_model *cluster, struct owned_addresses *ret)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		const struct peer_model *peer = &cluster->nodes[i];

		for (size_t k = 0; k < peer->addresses.count; k++) {
			struct owned_address *added =
				array_append(&ret->list, &ret->count, sizeof(*added));

			if (!added)
				return -ENOMEM;
			*added = (struct owned_address){&peer->addresses.list[k], peer, ret->count};
		}
	}
	return 0;
}

/* An address can lead to one node only. Sorted, equal ones are neighbours. The error names the
 * first that stands earlier in the file. */
static int cluster_addresses_check(const struct cluster_model *cluster, struct error *ret_error)
{
	_cleanup_(owned_addresses_free) struct owned_addresses all = {0};
	const struct owned_address *again = NULL;

	if (addresses_collect(cluster, &all))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (all.count)
		qsort(all.list, all.count, sizeof(*all.list), owned_compare);
	for (size_t i = 1; i < all.count; i++)
		if (!cidr_compare(&all.list[i - 1].address->cidr, &all.list[i].address->cidr) &&
		    (!again || all.list[i].place < again->place))
			again = &all.list[i];
	return again ? error_at(ret_error, &again->address->at, "this address is also one of %s",
				again[-1].peer->name)
		     : 0;
}

int cluster_read_value(const struct value *value, struct cluster_model *ret,
		       struct error *ret_error)
{
	int r;

	ret->exists = true;
	ret->at = value->at;
	r = value_read_fields(value, "a cluster", cluster_fields, ret, ret_error);
	return r == 0 ? cluster_addresses_check(ret, ret_error) : r;
}

int cluster_read(const char *file, struct cluster_model *ret, struct error *ret_error)
{
	struct value root;
	int r = document_read(file, &ret->document, ret_error);

	if (r < 0)
		return r;
	root = value_root(ret->document);
	return cluster_read_value(&root, ret, ret_error);
}

void cluster_free(struct cluster_model *cluster)
{
	for (size_t i = 0; i < cluster->node_count; i++) {
		free(cluster->nodes[i].addresses.list);
		free(cluster->nodes[i].roles);
	}
	free(cluster->nodes);
	sets_free(&cluster->sets);
	document_free(cluster->document);
	*cluster = (struct cluster_model){0};
}

const struct peer_model *cluster_node(const struct cluster_model *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (!strcmp(cluster->nodes[i].name, name))
			return &cluster->nodes[i];
	return NULL;
}

/* --- one of its nodes ------------------------------------------------------------------------- */

static int node_refuse(const struct node_model *node, struct error *ret_error)
{
	struct guess guess = guess_begin(node->name);
	int r;

	r = error_at(ret_error, &node->cluster.at, "the cluster has no node \"%s\"", node->name);
	for (size_t i = 0; i < node->cluster.node_count; i++)
		guess_consider(&guess, node->cluster.nodes[i].name);
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "add it under \"nodes\", with its addresses and roles");
	return r;
}

/* Every node is every node, whether it is said or not. */
static bool has_name(const struct name_model *list, size_t count, const char *name)
{
	if (!strcmp(name, MODEL_EVERY_NODE))
		return true;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return true;
	return false;
}

/* When two files disagree, there is no way to know which is meant. */
static int roles_agree(const struct node_model *node, const struct peer_model *peer,
		       struct error *ret_error)
{
	for (size_t i = 0; i < node->role_count; i++)
		if (!has_name(peer->roles, peer->role_count, node->roles[i].name))
			return error_at(ret_error, &node->roles[i].at,
					"the cluster does not give %s the role \"%s\"", node->name,
					node->roles[i].name);
	for (size_t i = 0; i < peer->role_count; i++)
		if (!has_name(node->roles, node->role_count, peer->roles[i].name))
			return error_at(ret_error, &peer->roles[i].at,
					"the node file of %s does not list the role \"%s\"",
					node->name, peer->roles[i].name);
	return 0;
}

static int roles_take(struct node_model *node, const struct peer_model *peer,
		      struct error *ret_error)
{
	int r = 0;

	if (node->roles_given)
		r = roles_agree(node, peer, ret_error);
	if (r == -EINVAL)
		error_hint(ret_error,
			   "leave \"roles\" out of the node file: the cluster knows them");
	if (node->roles_given)
		return r;
	for (size_t i = 0; i < peer->role_count; i++) {
		struct name_model *role;

		role = array_append(&node->roles, &node->role_count, sizeof(*role));
		if (!role)
			return error_set(ret_error, ENOMEM, "out of memory");
		*role = peer->roles[i];
	}
	return 0;
}

static int profile_take(struct node_model *node, struct error *ret_error)
{
	const struct name_model *profile = &node->cluster.profile;
	int r;

	if (!node->profile.name[0] || !strcmp(node->profile.name, profile->name)) {
		node->profile = *profile;
		return 0;
	}
	r = error_at(ret_error, &node->profile.at, "the cluster's profile is \"%s\"",
		     profile->name);
	error_hint(ret_error, "leave \"profile\" out of the node file: the cluster knows it");
	return r;
}

int cluster_join(struct node_model *node, struct error *ret_error)
{
	const struct peer_model *peer = cluster_node(&node->cluster, node->name);
	int r;

	if (!peer)
		return node_refuse(node, ret_error);
	r = profile_take(node, ret_error);
	return r < 0 ? r : roles_take(node, peer, ret_error);
}

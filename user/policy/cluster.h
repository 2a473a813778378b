/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster.h - every node of a cluster with its addresses and roles, and who connects to whom.
 *
 * A cluster stands in a file of its own, which all nodes share, or in the node file itself. It
 * makes the internal zone of each node its peers' addresses, and nothing else. With flows "least" a
 * port of that zone opens only to the peers whose roles connect to it; which these are, the profile
 * knows (flows.json beside its roles).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy/model.h"
#include "policy/value.h"

/* From a file, or from the value of "cluster" in a node file. To be freed on failure, too. */
int cluster_read(const char *file, struct cluster_model *ret, struct error *ret_error);
int cluster_read_value(const struct value *value, struct cluster_model *ret,
		       struct error *ret_error);
void cluster_free(struct cluster_model *cluster);

/* NULL: it has no such node. */
const struct peer_model *cluster_node(const struct cluster_model *cluster, const char *name);

/*
 * Make the node file's node one of its cluster: its roles and its profile are the cluster's. If the
 * node file states them, they must be the same. -EINVAL: the cluster has no such node, or states
 * them differently.
 */
int cluster_join(struct node_model *node, struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster.h - every node of a cluster with its addresses and roles, and who connects to whom.
 *
 * A cluster stands in a file of its own, which all nodes share, or in the node file itself. It
 * makes the internal zone of each node its peers' addresses, and nothing else. With flows "least" a
 * port of that zone opens only to the peers whose roles connect to it; which these are, the profile
 * knows (flows.json beside its roles).
 */
#ifndef ROLEWALL_POLICY_CLUSTER_H
#define ROLEWALL_POLICY_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/model.h"

/* From a file, or from the value of "cluster" in a node file. To be freed on failure, too. */
int cluster_read(const char *file, struct cluster_model *ret, struct error *ret_error);
int cluster_read_value(const struct value *value, struct cluster_model *ret,
		       struct error *ret_error);
void cluster_free(struct cluster_model *cluster);

/* NULL: it has no such node. */
const struct peer_model *cluster_node(const struct cluster_model *cluster, const char *name);

/*
 * Make the node file's node one of its cluster: its roles and its profile are the cluster's, and if
 * it says them itself, they have to be the same. -EINVAL: the cluster has no such node, or another
 * opinion of it.
 */
int cluster_join(struct node_model *node, struct error *ret_error);

/* A flows file. To be freed on failure, too. */
int flows_read(const char *file, struct flows_model *ret, struct error *ret_error);
void flows_free(struct flows_model *flows);

/* RW_ZONE_PEER(n) of a role that connects to others, by its place among them; else 0. */
uint16_t flows_peer_bit(const struct flows_model *flows, const char *role);

/* The bits of a peer: internal, and those of its roles. */
uint16_t flows_bits_of(const struct flows_model *flows, const struct peer_model *peer);

/* From where a service of a role is reached: RW_ZONE_INTERNAL for any peer, else bits of roles,
 * else RW_ZONE_NOBODY. */
uint16_t flows_to(const struct flows_model *flows, const char *role, const char *service);

/* "proxy,appserver": the roles whose bits are in `zones`. Returns `ret`. */
const char *flows_names(const struct flows_model *flows, uint16_t zones, char *ret, size_t size);

#endif

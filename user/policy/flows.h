/* SPDX-License-Identifier: GPL-2.0 */
/* flows.h - who connects to whom: the flows file of a profile, and what it makes of a peer. */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

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
const char *flows_names(const struct flows_model *flows, uint64_t zones, char *ret, size_t size);

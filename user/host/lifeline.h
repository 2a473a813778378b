/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lifeline.h - whom this host cannot do without, and no policy names: the resolvers that it asks,
 * and the gateways of its default routes.
 */
#pragma once

#include <rolewall/abi.h>

#include "policy/tables.h"
#include "util/error.h"

struct lifelines {
	struct prefix list[RW_LIFELINES]; /* `bits` is RW_NEVER_BAN_RESOLVER or _GATEWAY */
	size_t count;			  /* what is beyond them is left out */
};

/* As they are now; none of a kind is no error. 0 or -errno. */
int lifelines_read(struct lifelines *ret, struct error *ret_error);

/* The text of a resolv.conf(5): its name servers, but for those on this host. Pure. */
void lifelines_add_resolvers(struct lifelines *lifelines, const char *text);

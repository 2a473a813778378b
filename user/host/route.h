/* SPDX-License-Identifier: GPL-2.0 */
/* route.h - by which way this host answers an address, as the kernel's routing tells. */
#pragma once

#include <stdint.h>

#include "util/error.h"

struct route {
	uint32_t ifindex;
	uint8_t local[16]; /* the address it would use there; IPv4 as ::ffff:a.b.c.d; zeros: none */
};

/* -ENETUNREACH and the like: there is no way. */
int route_find(const uint8_t remote[16], struct route *ret, struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/* listener.h - the socket that the page is asked for at. */
#pragma once

#include <net/if.h>

#include "web/address.h"

/* The interface that has the address; "" if none has. 0 or -errno. */
int listener_interface(const struct address *address, char ret[IF_NAMESIZE]);

/*
 * Listens there; not for what arrives by another interface than `interface` ("": any), whatever
 * address it names. 0 or -errno.
 */
int listener_open(const struct address *address, const char *interface, int *ret_fd,
		  struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sockets.h - TCP connections that really exist while the oracle runs, in a network namespace of
 * its own, in several states: established, half closed, waiting for an accept, SYN sent.
 */
#pragma once

#include "model.h"

struct socket_address {
	uint8_t address[16];
	uint16_t port;
};

/* Both ends of all connections, as sockets_make makes them. */
const struct model_socket *sockets_known(size_t *ret_count);

/* Sockets that only listen. */
const struct socket_address *sockets_listening(size_t *ret_count);

/*
 * Make the namespace (loopback and POLICIES_DEVICES devices) and the sockets; both live as long as
 * the process. 0 or -errno (-ENODEV: the kernel makes none); says on stderr what it could not do.
 */
int sockets_make(void);

/* Go into another network namespace, with interfaces of the same numbers; or come back. */
int sockets_enter(bool other);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * address.h - where the page may be listened for, and what a browser may call that place. Pure.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "util/error.h"

#define ADDRESS_PORT	 7373 /* unless another one is given */
#define ADDRESS_TEXT_MAX 64

struct address {
	struct sockaddr_storage socket;
	socklen_t size;
	char text[ADDRESS_TEXT_MAX]; /* without the port, "::1" without brackets */
	unsigned int port;
	bool loopback;
};

/*
 * "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; an IPv6 address without brackets has no port.
 * -EINVAL: it is none, a name, or one that stands for every address.
 */
int address_parse(const char *text, struct address *ret, struct error *ret_error);

/*
 * May the page be served at the address of that interface? Loopback: always. Else the daemon's
 * `status` (kernel/feed.h; NULL: it does not answer) has to say that the zone of the interface is
 * vpn. `interface` NULL: no interface has that address. -EACCES: no, and `ret_error` says why.
 */
int address_admit(const struct address *address, const char *interface, const json_t *status,
		  struct error *ret_error);

/*
 * Does a request with that Host (NULL: none) mean us? Only literally: the address itself, or a name
 * or address of loopback if we listen there. A page elsewhere whose name was made to lead here (DNS
 * rebinding) says its own name. Ports do not matter: a tunnel may begin at any.
 */
bool address_is_ours(const struct address *address, const char *host);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * preflight.h - does a host have what the product's requirements page asks of a node, and what this
 * firewall needs?
 *
 * Nothing is changed. What is read of the system lies below a folder, so that an image or a fixture
 * can be looked at as well; what only a running kernel can tell is skipped there.
 */
#ifndef ROLEWALL_PREFLIGHT_PREFLIGHT_H
#define ROLEWALL_PREFLIGHT_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "preflight/check.h"
#include "preflight/root.h"
#include "util/error.h"

struct preflight_request {
	struct root root;
	bool today;		   /* what today's documentation asks, not the page of 23.10 */
	const char *domain;	   /* of the mail addresses; NULL: from the host's name */
	const char *public_ip;	   /* NULL: from the interfaces */
	const char *dns;	   /* "ADDRESS" or "ADDRESS:PORT"; NULL: the system's servers */
	const char *dkim_selector; /* NULL: DKIM is skipped */
	uint64_t users;
	uint64_t quota; /* bytes each */
};

/* 0, -EINVAL (an address in the request is none) or -ENOMEM. The caller frees `ret`. */
int preflight_run(const struct preflight_request *request, struct checks *ret,
		  struct error *ret_error);

#endif

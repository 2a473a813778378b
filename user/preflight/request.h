/* SPDX-License-Identifier: GPL-2.0 */
/* request.h - what is to be looked at. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/manifest.h"
#include "preflight/root.h"

struct preflight_request {
	struct root root;
	enum requirements page;	   /* that the profile names */
	const char *domain;	   /* of the mail addresses; NULL: from the host's name */
	const char *public_ip;	   /* NULL: from the interfaces */
	const char *dns;	   /* "ADDRESS" or "ADDRESS:PORT"; NULL: the system's servers */
	const char *dkim_selector; /* NULL: DKIM is skipped */
	uint64_t users;
	uint64_t quota; /* bytes each */
};

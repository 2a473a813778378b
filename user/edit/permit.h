/* SPDX-License-Identifier: GPL-2.0 */
/*
 * permit.h - who may reach a port, as a change of the node file: rolewall allow and deny.
 *
 *	- allow widens a service of the node file that is of these very ports, and adds one where
 *	  there is none. "vpn_only" lets go of a role's service that is to be open to `external`.
 *	- deny narrows it; a service that is open to nobody is taken out.
 *	- What a role opens stays open as long as the node plays it. Of the zone external alone it
 *	  can be kept away: by "vpn_only".
 *
 * Nothing is written: the text of `edit` changes, and is to be compiled before it goes anywhere.
 */
#pragma once

#include "edit/text.h"
#include "policy/model.h"

struct permit {
	const char *service;	    /* all services of this name; NULL: the ports */
	uint8_t l4;		    /* RW_L4_* */
	uint16_t port;		    /* host order */
	uint16_t port_end;	    /* inclusive */
	const char *const *sources; /* zones, prefixes, names of sets */
	size_t source_count;	    /* 0: deny it to all */
	const char *about;	    /* for a service that is added or widened; NULL: as it is */
	const char *name; /* of a service that is added, if no role has these ports; not NULL */
};

#define PERMIT_TEXT_MAX 256

struct permit_change {
	char text[PERMIT_TEXT_MAX]; /* "adds 203.0.113.9 to the service \"postgres\"" */
};

struct permit_ports {
	uint8_t l4s; /* bit RW_L4_TCP, bit RW_L4_UDP */
	uint16_t port;
	uint16_t port_end;
};

struct permit_result {
	struct permit_change *changes; /* owned; none: the file says so already */
	size_t change_count;
	struct permit_ports *ports; /* owned; what it was about */
	size_t port_count;
};

/*
 * Change `edit`, whose text `model` was read from. 0; -ENOMEM; -ENOENT: there is no such service or
 * source; -EPERM: it cannot be done in this way, and the hint says how. `edit` is of no use on
 * failure; `ret` is to be freed in any case.
 */
int permit_allow(const struct model *model, const struct permit *permit, struct edit *edit,
		 struct permit_result *ret, struct error *ret_error);
int permit_deny(const struct model *model, const struct permit *permit, struct edit *edit,
		struct permit_result *ret, struct error *ret_error);
void permit_result_free(struct permit_result *result);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lockout.h - who is connected now and could not connect again under a policy.
 *
 * A change of ports cuts no TCP connection: the programs ask the kernel's sockets. But what breaks,
 * or is logged out of, stays out. The outer packets of a tunnel are cut. Whether the tables enforce
 * is the caller's question.
 */
#pragma once

#include <stdbool.h>

#include "host/carrier.h"
#include "host/session.h"
#include "host/sockets.h"
#include "kernel/lists/banned.h"
#include "kernel/object/instance.h"
#include "policy/tables.h"
#include "util/error.h"

struct ssh_session {
	bool exists; /* this command came by SSH to this namespace, and not from this host itself */
	bool admitted;	/* by the tables, which know of no bans */
	bool carried;	/* so is what its interface comes in by; true if that is unknown, too */
	bool is_banned; /* its client, or the peer of the carrier */
	struct banned banned; /* if it is: a ban cuts what is established, too */
	struct session session;
	char interface[16];	/* where its packets come in */
	struct carrier carrier; /* of that interface */
};

/* Who and where; judges nothing, and looks for no carrier. False: `exists` is, too. */
bool ssh_session_find(struct ssh_session *ret);

void ssh_session_judge(const struct instance *instance, const struct tables *tables,
		       struct ssh_session *ret);

struct inbound_connection {
	struct socket_entry socket; /* of ours; an established connection that came in */
	char interface[16];
};

struct inbound_connections {
	struct inbound_connection *list; /* owned */
	size_t count;
};

int inbound_connections_find(const struct tables *tables, struct inbound_connections *ret,
			     struct error *ret_error);
void inbound_connections_free(struct inbound_connections *inbound_connections);

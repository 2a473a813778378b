/* SPDX-License-Identifier: GPL-2.0 */
/*
 * audit.h - sockets against the policy in force, both ways: what listens and cannot be reached,
 * what is open and does not listen, and what listens more widely than it is open or should; and ports
 * that are handed on (published containers) and cannot be reached.
 *
 * Loopback is never filtered, so what listens there alone is no finding. Neither are the UDP
 * sockets of clients: ports of the ephemeral range, and DHCP's.
 */
#pragma once

#include <stdbool.h>

#include "host/client_ports.h"
#include "host/published.h"
#include "host/sshd.h"
#include "host/sockets.h"
#include "kernel/observe/snapshot.h"
#include "util/error.h"

#define AUDIT_FINDINGS(X)                                                                          \
	X(CLOSED, "listening-closed") /* listens, but no rule opens the port */                    \
	X(UNUSED, "open-unused")      /* a rule opens it, but nothing listens */                   \
	X(WILDCARD, "wildcard-bind")  /* not open to external or management, but bound to all */   \
	X(EXPOSED, "not-on-loopback") /* for this node alone, but bound to more than loopback */   \
	X(PUBLISHED, "published-closed") /* handed on to a container, but no rule opens the port */

enum finding_kind {
#define FINDING_ENUM(NAME, name) FINDING_##NAME,
	AUDIT_FINDINGS(FINDING_ENUM)
#undef FINDING_ENUM
};

struct finding {
	enum finding_kind kind;
	uint8_t l4;
	uint16_t port; /* host order */
	uint16_t port_end;
	uint64_t zones;				 /* that the port is open to */
	const struct rule *rule;		 /* NULL: none; points into the snapshot */
	const struct socket_entry *socket;	 /* NULL: none; points into the sockets */
	const struct interface_state *interface; /* WILDCARD: one that it should not be bound on */
};

struct findings {
	struct finding *list; /* owned; by kind, protocol and port */
	size_t count;
};

const char *finding_name(enum finding_kind kind);

/* The sockets that can be reached anew: listening TCP, UDP without a peer. */
int audit_read_sockets(struct sockets *ret, struct error *ret_error);

/*
 * A socket that waits on a port of `rule`, one that others than this host can reach if there is
 * such. NULL: no process listens. `ret_loopback`: it is bound to loopback. Pure.
 */
const struct socket_entry *audit_find_listener(const struct sockets *sockets,
					       const struct rule *rule, bool *ret_loopback);

/* What this host has to say, beside the policy. */
struct audit_facts {
	const struct sockets *sockets;
	const struct client_ports *clients; /* local ports of clients */
	const struct sshd_ports *sshd;	    /* where a service ssh covers these, none is unused */
	const struct published *published;  /* what waits behind these is elsewhere */
};

/*
 * 0 or -ENOMEM. Pure; the result points into `snapshot` and the sockets. A socket of an UNUSED finding
 * listens on loopback.
 */
int audit_compare(const struct snapshot *snapshot, const struct audit_facts *facts,
		  struct findings *ret);
void findings_free(struct findings *findings);

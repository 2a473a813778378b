/* SPDX-License-Identifier: GPL-2.0 */
/*
 * warnings.h - what is allowed, but probably not meant. Each warning has a name that stays, and a
 * node file can accept it by that name: "accept": ["mode-missing", "imap-open"].
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define WARNING_NAME_MAX 72
#define WARNING_OPEN	 "-open" /* "imap-open": imap is open to the world, against advice */

#define WARNINGS(X)                                                                                \
	X(MODE, "mode-missing")                                                                    \
	X(WORLD_OPEN, "world-open")                                                                \
	X(SMTP_VPN_ONLY, "smtp-vpn-only")                                                          \
	X(VPN_ONLY_IN_VAIN, "vpn-only-in-vain")                                                    \
	X(SSH_UNREACHABLE, "ssh-unreachable")                                                      \
	X(SSH_PORT, "ssh-port")                                                                    \
	X(MANAGEMENT_WORLD, "management-world")                                                    \
	X(CLUSTER_UNREACHABLE, "cluster-unreachable")                                              \
	X(ACCEPT_UNKNOWN, "accept-unknown")                                                        \
	X(ROLE_EMPTY, "role-empty")                                                                \
	X(CLIENT_PORTS, "client-ports")                                                            \
	X(NAME_UNRESOLVED, "name-unresolved")                                                      \
	X(INTERFACE_ABSENT, "interface-absent")                                                    \
	X(INTERFACE_PORT, "interface-port")                                                        \
	X(INTERFACE_UNLISTED, "interface-unlisted")                                                \
	X(DEFAULT_ROUTE_INTERNAL, "default-route-internal")                                        \
	X(BRIDGE_HOOK, "bridge-hook")                                                              \
	X(FORWARDING, "forwarding")                                                                \
	X(OTHER_FIREWALL, "other-firewall")                                                        \
	X(PUBLISHED_CLOSED, "published-closed")                                                    \
	X(LIMIT_IN_VAIN, "limit-in-vain")                                                          \
	X(PROFILE_RELEASE, "profile-release")                                                      \
	X(BAN_IDLE, "ban-idle")

enum warning_id {
#define WARNING_ENUM(NAME, name) WARNING_##NAME,
	WARNINGS(WARNING_ENUM)
#undef WARNING_ENUM
};

struct warning {
	enum warning_id id;
	char what[512];	 /* advice that is not followed, and what it means */
	char where[512]; /* FILE:LINE:COLUMN, or empty */
};

/* A name that the node file accepts. */
struct acceptance {
	char name[WARNING_NAME_MAX];
	bool used; /* a warning of that name would have been given */
};

struct warnings {
	struct warning *list; /* owned */
	size_t count;
	struct acceptance *accepted; /* owned */
	size_t accepted_count;
};

const char *warning_name(enum warning_id id);

/* Warnings of that name will not be given. 0 or -ENOMEM. */
int warnings_accept(struct warnings *warnings, const char *name);

/* Is it accepted? Marks it as used. */
bool warnings_is_accepted(struct warnings *warnings, const char *name);

/* One more, unless it is accepted; `where` may be NULL. 0 or -ENOMEM. */
int warnings_add(struct warnings *warnings, enum warning_id id, const char *where,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
void warnings_free(struct warnings *warnings);

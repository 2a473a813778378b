/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model.h - what role and node files say, each value with its place.
 *
 * Shapes only. First stage of policy/: node.h, role.h, cluster.h and flows.h read one file each and
 * check it by itself (types, ranges, names); read.h reads all that a policy consists of. What only
 * shows when they are put together (does the service exist?) is merge.h's business.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cidr.h"
#include "policy/document.h"
#include "policy/tables.h"

#define MODEL_ADVISED	 "@advised" /* in vpn_only: every service that the profile marks */
#define MODEL_EVERY_NODE "every-node"
#define MODEL_CLUSTER	 "@cluster"   /* in sources: the addresses of the cluster's peers */
#define FLOWS_FILE	 "flows.json" /* the file of a profile that is no role */
#define MODEL_NAMES_MAX	 1024	      /* roles, services in vpn_only, hosts in a set */
#define MODEL_FILE	 "@file:"     /* in a set: a file of prefixes, one a line */
#define MODEL_HOST	 "name:"      /* in a set: the addresses of a host */

struct name_model {
	struct at at;
	char name[TABLES_NAME_MAX];
};

struct source_model {
	struct at at; /* in a file of prefixes, it is of that file */
	struct cidr cidr;
	uint16_t zone; /* RW_ZONE_*, with the roles of a peer; 0 for a management source */
};

struct source_list {
	struct source_model *list; /* owned */
	size_t count;
};

/* A host in a set. Its addresses, as they were last resolved, stand among the set's sources. */
struct host_model {
	struct at at;
	const char *name; /* borrowed from the document */
	size_t first;	  /* of the set's sources */
	size_t count;
};

/* A set of sources. Its place in the list of all of them is the number of its bit. */
struct set_model {
	struct at at;
	char name[TABLES_SET_MAX]; /* "": prefixes that stand in a service's "from" */
	struct source_list sources;
	struct host_model *hosts; /* owned */
	size_t host_count;
	struct name_model *on; /* owned; names of interfaces */
	size_t on_count;
	bool has_on;	 /* no "on": every interface */
	bool of_cluster; /* of the cluster file, whose nodes may have other interfaces */
};

struct set_list {
	struct set_model *list; /* owned */
	size_t count;
	struct document **files; /* owned; what "@file:" names */
	size_t file_count;
};

/* What "limits" of a node file says of a service, or of all of them. */
struct limit_model {
	struct at at;
	char name[TABLES_NAME_MAX];
	struct limit limit; /* zeros: "none" */
};

struct limit_list {
	struct limit_model *list; /* owned */
	size_t count;
};

/* A service as it is written: one of these can become two rules, of TCP and of UDP. */
struct service_model {
	struct at at;
	char name[TABLES_NAME_MAX];
	uint8_t l4s;   /* bit RW_L4_TCP, bit RW_L4_UDP */
	uint16_t port; /* host order */
	uint16_t port_end;
	uint8_t table; /* RW_ZONE_* that "table" means, 0 if it is not there */
	uint8_t zones; /* RW_ZONE_*: "from" if it is there, else the table's */
	bool has_from;
	bool vpn_advised;
	bool loopback_only; /* for this node alone: it opens nothing, and audit looks where it listens */
	struct limit limit;	      /* zeros: it says nothing of one */
	uint64_t sets;		      /* RW_ZONE_SET(): of what follows, once all sets are known */
	struct name_model *from_sets; /* owned */
	size_t from_set_count;
	struct source_list from_sources; /* prefixes in "from" */
	const char *about;		 /* borrowed from the document; NULL = not there */
};

#if __SIZEOF_POINTER__ == 8
_Static_assert(
	sizeof(struct service_model) == 160,
	"struct service_model: see policy/service.c (read), policy/merge.c and policy/rules.c "
	"(made a rule of), cli/cmd_roles.c (told), tests/unit/policy_dump.c");
#endif

/* How a product, or a role of it, is recognised on a host: one of several is enough. */
enum clue_kind {
	CLUE_PACKAGE,	/* a package is installed: fnmatch(3) of its name */
	CLUE_FILE,	/* a file is there: its path */
	CLUE_CONTAINER, /* a container is there: fnmatch(3) of its image or its compose project */
	CLUE_LISTENER,	/* a TCP port is listened on, on more than loopback */
};

struct clue {
	enum clue_kind kind;
	char pattern[96]; /* empty for a listener */
	uint16_t port;	  /* of a listener */
};

struct clues {
	struct clue *list; /* owned */
	size_t count;
};

struct role_model {
	struct document *document; /* owned */
	char name[TABLES_NAME_MAX];
	struct at name_at;
	const char *title;		/* borrowed from the document; NULL = not there */
	struct service_model *services; /* owned */
	size_t service_count;
	struct clues clues; /* owned */
};

struct interface_model {
	struct at at;
	char name[IFNAMSIZ];
	uint8_t zone;
	bool has_cluster; /* "@cluster" is among its internal sources */
	uint8_t refuses;  /* RW_ACCEPTS_* that are false */
	uint8_t insists;  /* RW_ACCEPTS_* that are true; neither: "auto" */
	uint8_t hook;	  /* enum hook_choice */
	uint8_t shield;	  /* enum shield_choice */
	struct source_list sources;
};

/* A node of a cluster. */
struct peer_model {
	struct at at;
	char name[256];
	struct source_list addresses; /* in the zone internal */
	struct name_model *roles;     /* owned; as written, so perhaps without every-node */
	size_t role_count;
};

struct cluster_model {
	bool exists;
	struct document *document; /* owned; NULL: it stands in the node file */
	struct at at;
	struct name_model profile;
	bool least; /* flows "least" */
	struct at flows_at;
	struct peer_model *nodes; /* owned */
	size_t node_count;
	struct set_list sets;
};

/* Who connects to some services of a role. */
struct flow_model {
	struct at at;
	bool any;		 /* any peer */
	struct name_model *from; /* owned; roles */
	size_t from_count;
	char to[TABLES_NAME_MAX];
	struct name_model *services; /* owned */
	size_t service_count;
};

struct flows_model {
	struct document *document; /* owned; NULL: the profile has none */
	struct flow_model *list;   /* owned */
	size_t count;
	struct name_model *initiators; /* owned; roles in the order in which they first connect */
	size_t initiator_count;
};

struct node_model {
	struct document *document; /* owned */
	char name[256];
	struct name_model profile;
	struct name_model *roles; /* owned; as written, so perhaps without every-node */
	size_t role_count;
	bool roles_given;
	const char *cluster_file; /* borrowed from the document; NULL = not there */
	struct cluster_model cluster;
	struct interface_model *interfaces; /* owned */
	size_t interface_count;
	struct name_model *vpn_only; /* owned */
	size_t vpn_only_count;
	struct service_model *services; /* owned */
	size_t service_count;
	struct limit_list limits;
	struct set_list sets; /* with the cluster's and those without a name, once it is complete */
	struct source_list management;
	struct name_model *management_sets; /* owned */
	size_t management_set_count;
	struct source_list never_ban;
	struct name_model *never_ban_sets; /* owned */
	size_t never_ban_set_count;
	struct name_model *accept; /* owned; names of warnings */
	size_t accept_count;
	uint8_t protocols[256]; /* 1 = listed */
	uint8_t flags;		/* RW_POLICY_* */
	bool mode_given;
	uint16_t echo_rate;
};

#define PROFILE_BASES 8 /* directories that a file of a profile is looked for in */

/* Where the files of a profile are: profile_files.h. */
struct profile_files {
	char *directories[PROFILE_BASES]; /* owned; the profile's own first */
	size_t count;
};

struct model {
	struct node_model node;
	struct role_model *roles; /* owned; every-node first */
	size_t role_count;
	struct flows_model flows;   /* of the profile */
	struct profile_files files; /* owned; of the profile */
};

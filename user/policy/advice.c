/* SPDX-License-Identifier: GPL-2.0 */
/*
 * advice.c - what is allowed, but probably not meant. One function a warning, the list at the end.
 */
#include "policy/advice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/cluster.h"
#include "policy/merge.h"
#include "policy/flows.h"
#include "policy/profile_files.h"
#include "policy/set.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/guess.h"

#define SMTP_PORT 25
/* net.ipv4.ip_local_port_range as Linux ships it. */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST	60999

struct advice {
	const struct model *model;
	const struct merged *merged;
	const struct tables *tables;
	struct warnings *warnings;
};

__attribute__((format(printf, 4, 5))) static int
warn(const struct advice *advice, enum warning_id id, const struct at *at, const char *format, ...)
{
	struct warning warning;
	va_list args;

	va_start(args, format);
	vsnprintf(warning.what, sizeof(warning.what), format, args);
	va_end(args);
	at_format(at, warning.where, sizeof(warning.where));
	return warnings_add(advice->warnings, id, warning.where, "%s", warning.what);
}

/* Where `key` stands in the node file; the beginning of the file if it does not. */
static struct at node_at(const struct advice *advice, const char *key)
{
	const struct document *document = advice->model->node.document;
	uint32_t place =
		json_object_get(document->root, key) ? document->places[0].first : PLACE_NONE;

	for (; place != PLACE_NONE; place = document->places[place].next) {
		const struct place *found = &document->places[place];

		if (!strncmp(document->text + found->key + 1, key, strlen(key)) &&
		    document->text[found->key + 1 + strlen(key)] == '"')
			return at_value(document, place);
	}
	return at_value(document, 0);
}

static int advise_mode(const struct advice *advice)
{
	struct at at = node_at(advice, "mode");

	if (advice->model->node.mode_given)
		return 0;
	return warn(advice, WARNING_MODE, &at,
		    "\"mode\" is missing, which means \"observe\": what would be dropped is "
		    "counted, and passes; write \"mode\": \"enforce\" to drop it");
}

/* --- sets ------------------------------------------------------------------------------------- */

/* Can a packet of the set come by an interface of these zones? One that is not listed is external. */
static bool set_comes_by(const struct node_model *node, const struct set_model *set, uint8_t zones)
{
	for (size_t i = 0; i < set->on_count; i++)
		for (size_t k = 0; k < node->interface_count; k++)
			if (!strcmp(node->interfaces[k].name, set->on[i].name) &&
			    (node->interfaces[k].zone & zones))
				return true;
	return !set->has_on;
}

/* All of IPv4, or of IPv6. */
static bool is_world(const struct cidr *cidr)
{
	return cidr->length == (cidr_is_ipv4(cidr->source, cidr->length) ? 96 : 0);
}

/* The source of a set that is the whole world, and comes from outside; or NULL. */
static const struct source_model *set_world(const struct node_model *node,
					    const struct set_model *set)
{
	for (size_t i = 0; i < set->sources.count; i++)
		if (is_world(&set->sources.list[i].cidr))
			return set_comes_by(node, set, RW_ZONE_EXTERNAL) ? &set->sources.list[i]
									 : NULL;
	return NULL;
}

/* What admits the world: the zone external, and sets that hold all there is. */
static uint64_t zones_of_world(const struct node_model *node)
{
	uint64_t zones = RW_ZONE_EXTERNAL;

	for (size_t i = 0; i < node->sets.count; i++)
		if (set_world(node, &node->sets.list[i]))
			zones |= RW_ZONE_SET(i);
	return zones;
}

/* --- the node's own services ------------------------------------------------------------------ */

/* What it says itself, and vpn_only leaves; management has a warning of its own. */
static bool is_own_and_open(const struct advice *advice, const struct row *row)
{
	char name[TABLES_NAME_MAX + sizeof(WARNING_OPEN)];

	if (strcmp(row->role, MERGE_NODE) != 0 || row->service->vpn_advised ||
	    !(row->zones & (row->service->zones | row->service->sets) &
	      zones_of_world(&advice->model->node)))
		return false;
	snprintf(name, sizeof(name), "%s" WARNING_OPEN, row->service->name);
	return !warnings_is_accepted(advice->warnings, name);
}

static bool is_open_by_a_role(const struct roles_found *found, const struct row *row,
			      const struct role_found *ports)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].zones & RW_ZONE_EXTERNAL &&
		    found->list[i].l4s & (1 << row->l4) && found->list[i].port <= ports->port &&
		    found->list[i].port_end >= ports->port_end)
			return true;
	return false;
}

/* What no role of the profile opens to the world, though one has it; or NULL. */
static const struct role_found *role_kept_in(const struct roles_found *found, const struct row *row)
{
	const struct service_model *service = row->service;

	for (size_t i = 0; i < found->count; i++)
		if (role_found_opens(&found->list[i], row->l4, service->port, service->port_end) &&
		    !is_open_by_a_role(found, row, &found->list[i]))
			return &found->list[i];
	return NULL;
}

static int advise_own_row(const struct advice *advice, const struct row *row,
			  const struct roles_found *profile)
{
	const struct service_model *service = row->service;
	const struct role_found *kept = role_kept_in(profile, row);

	if (!strcmp(service->name, MERGE_SSH))
		return warn(advice, WARNING_WORLD_OPEN, &service->at,
			    "\"%s\" (%u) is open to the world: let in the addresses you work from "
			    "by \"management\" instead, or accept \"%s" WARNING_OPEN "\"",
			    service->name, service->port, service->name);
	if (!kept)
		return 0;
	return warn(advice, WARNING_WORLD_OPEN, &service->at,
		    "\"%s\" (%u) is open to the world, but the role \"%s\" of the profile keeps "
		    "%s (%u) from it: narrow its \"from\", or accept \"%s" WARNING_OPEN "\"",
		    service->name, service->port, kept->role, kept->service, kept->port,
		    service->name);
}

static const struct row *own_row_next(const struct advice *advice, size_t *at)
{
	while (*at < advice->merged->row_count) {
		const struct row *row = &advice->merged->rows[(*at)++];

		if (is_own_and_open(advice, row))
			return row;
	}
	return NULL;
}

static int advise_own_services(const struct advice *advice)
{
	_cleanup_(roles_found_free) struct roles_found profile = {0};
	const struct service_model *told = NULL; /* once, of TCP and UDP */
	size_t at = 0;
	const struct row *row = own_row_next(advice, &at);
	int r = 0;

	/* Files that cannot be read give no advice. */
	if (row)
		profile_files_services(&advice->model->files, &profile);
	for (; r == 0 && row; row = own_row_next(advice, &at)) {
		size_t before = advice->warnings->count;

		if (row->service != told)
			r = advise_own_row(advice, row, &profile);
		if (advice->warnings->count > before)
			told = row->service;
	}
	return r;
}

/* --- the VPN ---------------------------------------------------------------------------------- */

static bool is_smtp(const struct row *row)
{
	return row->l4 == RW_L4_TCP && row->service->port == SMTP_PORT &&
	       row->service->port_end == SMTP_PORT;
}

/* A node that receives mail from the Internet must have port 25 open: that needs no advice. */
static bool is_open_against_advice(const struct advice *advice, const struct row *row)
{
	char name[TABLES_NAME_MAX + sizeof(WARNING_OPEN)];

	if (!row->service->vpn_advised || is_smtp(row) ||
	    !(row->zones & zones_of_world(&advice->model->node)))
		return false;
	snprintf(name, sizeof(name), "%s" WARNING_OPEN, row->service->name);
	return !warnings_is_accepted(advice->warnings, name);
}

static int advise_exposed(const struct advice *advice)
{
	struct at at = node_at(advice, "vpn_only");
	const char *first = NULL;
	char list[320] = "";

	for (size_t i = 0; i < advice->merged->row_count; i++) {
		const struct row *row = &advice->merged->rows[i];
		size_t used = strlen(list);

		if (!is_open_against_advice(advice, row))
			continue;
		first = first ? first : row->service->name;
		snprintf(list + used, sizeof(list) - used, "%s%s (%u)", used ? ", " : "",
			 row->service->name, row->service->port);
	}
	if (!first)
		return 0;
	return warn(advice, WARNING_WORLD_OPEN, &at,
		    "open to the world, though better behind the VPN: %s; list under \"vpn_only\" "
		    "what is not needed from outside, under \"accept\" what has to be open, like "
		    "\"%s" WARNING_OPEN "\"",
		    list, first);
}

static int advise_smtp_behind_vpn(const struct advice *advice)
{
	struct at at = node_at(advice, "vpn_only");

	for (size_t i = 0; i < advice->merged->row_count; i++) {
		const struct row *row = &advice->merged->rows[i];

		if (row->narrowed && is_smtp(row) &&
		    !(row->zones & zones_of_world(&advice->model->node)))
			return warn(
				advice, WARNING_SMTP_VPN_ONLY, &at,
				"%s (25) is behind the VPN: no mail from the Internet will "
				"arrive; take it out of \"vpn_only\" if this node receives mail",
				row->service->name);
	}
	return 0;
}

/* Another row can hold open what vpn_only has closed, under another name or as part of a range. */
static int advise_vpn_only_in_vain(const struct advice *advice)
{
	struct at at = node_at(advice, "vpn_only");

	for (size_t i = 0; i < advice->merged->row_count; i++) {
		const struct row *row = &advice->merged->rows[i];
		const struct port *ports = advice->tables->ports + (row->l4 << 16);
		unsigned int number = row->service->port;

		while (row->narrowed && number <= row->service->port_end) {
			if (ports[number].zones & RW_ZONE_EXTERNAL)
				return warn(advice, WARNING_VPN_ONLY_IN_VAIN, &at,
					    "\"%s\" is in \"vpn_only\", but another service keeps "
					    "port %u open to the external zone",
					    row->service->name, number);
			number++;
		}
	}
	return 0;
}

/* --- ssh -------------------------------------------------------------------------------------- */

/* Zones that packets can come from on this node; what is not listed is external. */
static uint64_t zones_present(const struct node_model *node)
{
	uint64_t zones = RW_ZONE_EXTERNAL;

	for (size_t i = 0; i < node->interface_count; i++) {
		const struct interface_model *interface = &node->interfaces[i];

		zones |= interface->zone;
		for (size_t k = 0; k < interface->sources.count; k++)
			zones |= interface->sources.list[k].zone;
	}
	for (size_t i = 0; i < node->sets.count; i++)
		if (node->sets.list[i].sources.count &&
		    set_comes_by(node, &node->sets.list[i], RW_ZONE_ALL))
			zones |= RW_ZONE_SET(i);
	return zones | (node->management.count ? RW_ZONE_MANAGEMENT : 0);
}

static int advise_ssh(const struct advice *advice)
{
	const struct node_model *node = &advice->model->node;
	struct at at = node_at(advice, "management");
	uint64_t zones = zones_present(node), ssh = 0;

	for (size_t i = 0; i < advice->merged->row_count; i++)
		if (!strcmp(advice->merged->rows[i].service->name, MERGE_SSH))
			ssh |= advice->merged->rows[i].zones;
	if (ssh & zones)
		return 0;
	if (!ssh)
		return warn(advice, WARNING_SSH_UNREACHABLE, &at,
			    "no role opens \"ssh\": there is no way to log in from any network");
	return warn(advice, WARNING_SSH_UNREACHABLE, &at,
		    "there is no way in for ssh: no interface and no source is in a zone that may "
		    "reach it; add \"management\" with the addresses you work from");
}

static int management_warn(const struct advice *advice, const struct at *at)
{
	return warn(advice, WARNING_MANAGEMENT_WORLD, at,
		    "this management source is the whole world: ssh is open to all");
}

static int advise_management(const struct advice *advice)
{
	const struct node_model *node = &advice->model->node;

	for (size_t i = 0; i < node->management.count; i++)
		if (is_world(&node->management.list[i].cidr))
			return management_warn(advice, &node->management.list[i].at);
	for (size_t i = 0; i < node->management_set_count; i++) {
		const char *name = node->management_sets[i].name;
		const struct source_model *world = set_world(node, set_find(&node->sets, name));

		if (world)
			return management_warn(advice, &world->at);
	}
	return 0;
}

/* --- roles and ports -------------------------------------------------------------------------- */

/* Without an interface that peers come from, the cluster is a list of strangers. */
static int advise_cluster(const struct advice *advice)
{
	const struct node_model *node = &advice->model->node;

	if (!node->cluster.exists)
		return 0;
	for (size_t i = 0; i < node->interface_count; i++)
		if (node->interfaces[i].zone == RW_ZONE_INTERNAL || node->interfaces[i].has_cluster)
			return 0;
	return warn(advice, WARNING_CLUSTER_UNREACHABLE, &node->cluster.at,
		    "no interface lets the peers of the cluster in: make the one that reaches "
		    "them \"zone\": \"internal\", or give it \"sources\": { \"internal\": "
		    "[\"" MODEL_CLUSTER "\"] }");
}

static int advise_empty_roles(const struct advice *advice)
{
	for (size_t i = 0; i < advice->model->role_count; i++) {
		const struct role_model *role = &advice->model->roles[i];
		int r = 0;

		/* A role that only connects to others has its use in a cluster. */
		if (!role->service_count && !flows_peer_bit(&advice->model->flows, role->name))
			r = warn(advice, WARNING_ROLE_EMPTY, &role->name_at,
				 "the role \"%s\" opens nothing", role->name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int advise_ephemeral(const struct advice *advice)
{
	for (size_t i = 0; i < advice->merged->row_count; i++) {
		const struct row *row = &advice->merged->rows[i];
		const struct service_model *service = row->service;
		int r = 0;

		if (row->l4 != RW_L4_UDP || service->port == service->port_end || !row->zones ||
		    service->port > EPHEMERAL_LAST || service->port_end < EPHEMERAL_FIRST)
			continue;
		r = warn(advice, WARNING_CLIENT_PORTS, &service->at,
			 "the UDP ports %u-%u of \"%s\" overlap the ports %d-%d that the kernel "
			 "gives to clients: anyone in its zones can send to the sockets of this "
			 "host's own queries",
			 service->port, service->port_end, service->name, EPHEMERAL_FIRST,
			 EPHEMERAL_LAST);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_service(const struct advice *advice, const char *name, size_t length,
			struct guess *guess)
{
	for (size_t i = 0; i < advice->merged->row_count; i++) {
		const char *service = advice->merged->rows[i].service->name;

		if (strlen(service) == length && !strncmp(service, name, length))
			return true;
		guess_consider(guess, service);
	}
	return false;
}

/* "imapp-open" accepts nothing, and would go on to do so unseen. */
static int advise_accept(const struct advice *advice)
{
	const struct node_model *node = &advice->model->node;
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->accept_count; i++) {
		const char *name = node->accept[i].name;
		size_t length = strlen(name), tail = strlen(WARNING_OPEN);
		char service[TABLES_NAME_MAX];
		struct guess guess;

		if (length <= tail || strcmp(name + length - tail, WARNING_OPEN) != 0 ||
		    !strcmp(name, warning_name(WARNING_WORLD_OPEN)))
			continue;
		snprintf(service, sizeof(service), "%.*s", (int)(length - tail), name);
		guess = guess_begin(service);
		if (has_service(advice, service, strlen(service), &guess))
			continue;
		r = warn(advice, WARNING_ACCEPT_UNKNOWN, &node->accept[i].at,
			 "\"%s\" accepts nothing: this node has no service \"%s\"%s%s%s", name,
			 service, guess.best ? "; did you mean \"" : "",
			 guess.best ? guess.best : "", guess.best ? WARNING_OPEN "\"?" : "");
	}
	return r;
}

static int advise_hosts(const struct advice *advice)
{
	const struct set_list *sets = &advice->model->node.sets;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sets->count; i++)
		for (size_t k = 0; r == 0 && k < sets->list[i].host_count; k++)
			if (!sets->list[i].hosts[k].count)
				r = warn(advice, WARNING_NAME_UNRESOLVED,
					 &sets->list[i].hosts[k].at,
					 "no address of %s is known yet: the set \"%s\" is without "
					 "it",
					 sets->list[i].hosts[k].name, sets->list[i].name);
	return r;
}

static int (*const advisers[])(const struct advice *advice) = {
	advise_mode,	  advise_exposed,    advise_smtp_behind_vpn, advise_vpn_only_in_vain,
	advise_ssh,	  advise_management, advise_cluster,	     advise_empty_roles,
	advise_ephemeral, advise_accept,     advise_hosts,	     advise_own_services,
};

int advice_collect(const struct model *model, const struct merged *merged,
		   const struct tables *tables, struct warnings *ret)
{
	const struct advice advice = {model, merged, tables, ret};

	for (size_t i = 0; i < model->node.accept_count; i++)
		if (warnings_accept(ret, model->node.accept[i].name))
			return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(advisers); i++) {
		int r = advisers[i](&advice);

		if (r < 0)
			return r;
	}
	return 0;
}

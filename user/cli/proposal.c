/* SPDX-License-Identifier: GPL-2.0 */
/* proposal.c - facts into a node file. */
#include "cli/proposal.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rolewall/abi.h>

#include "cli/print.h"
#include "host/recognise.h"
#include "policy/merge.h"
#include "policy/model.h"
#include "util/array.h"
#include "util/cleanup.h"

#define SSH_PORT 22 /* as the role every-node of every profile has it */

static void note(struct proposal *proposal, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct proposal *proposal, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(proposal->notes, json_make("s", text));
}

/* --- roles ------------------------------------------------------------------------------------ */

static int roles_find(const struct host_facts *facts, const char *roles_dir, const char *name,
		      struct proposal *proposal, json_t *roles, struct error *ret_error)
{
	_cleanup_(profile_free) struct profile profile = {0};
	int r = profile_read(roles_dir, name, &profile, ret_error);

	for (size_t i = 0; r == 0 && i < profile.role_count; i++) {
		const struct role_model *role = &profile.roles[i];
		char because[CLUE_TEXT_MAX];

		if (!clues_find(&role->clues, facts, because))
			continue;
		json_array_append_new(roles, json_make("s", role->name));
		note(proposal, "role %s, because %s", role->name, because);
	}
	if (r == 0 && !json_array_size(roles))
		note(proposal,
		     "no roles: there is no sign of one; add what this node plays to "
		     "\"roles\" (\"rolewall roles --profile %s\" lists them)",
		     name);
	return r;
}

/* --- the profile ------------------------------------------------------------------------------ */

static void note_profile(const struct recognised *found, const char *name,
			 struct proposal *proposal)
{
	if (!found->profile[0])
		note(proposal,
		     "profile %s, to begin with: nothing that has a profile is recognised on this "
		     "host; \"rolewall roles\" lists them, --profile takes another",
		     name);
	else if (found->release[0])
		note(proposal,
		     "profile %s, because %s, and release %s (%s says so) has the ports of that "
		     "one",
		     name, found->because, found->release, found->release_file);
	else
		note(proposal, "profile %s, because %s", name, found->because);
}

static int profile_choose(const struct host_facts *facts, const char *roles_dir,
			  struct proposal *proposal, char ret[TABLES_NAME_MAX],
			  struct error *ret_error)
{
	struct recognised found;
	int r = profile_recognise(facts, roles_dir, &found, ret_error);

	if (r == 0 && found.profile[0])
		strcpy(ret, found.profile);
	else if (r == 0)
		r = profile_fallback(roles_dir, ret, ret_error);
	if (r == 0)
		note_profile(&found, ret, proposal);
	return r;
}

/* --- interfaces ------------------------------------------------------------------------------- */

static bool has_prefix(const char *name, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (!strncmp(name, *prefixes, strlen(*prefixes)))
			return true;
	return false;
}

/* Containers and virtual machines: what they get is not for this host. */
static bool is_guest(const struct device *device)
{
	static const char *const prefixes[] = {"docker", "veth",    "br-", "virbr", "vnet",   "cni",
					       "cali",	 "flannel", "lxc", "lxd",   "podman", NULL};

	return has_prefix(device->name, prefixes);
}

/* The zone, or NULL to leave it out; `ret_why` is the rest of a sentence. */
static const char *zone_choose(const struct host_interface *interface, const char **ret_why)
{
	const struct device *device = &interface->device;

	if (device->type == ARPHRD_LOOPBACK)
		return NULL;
	if (host_interface_is_guest_bridge(interface)) {
		*ret_why = "it is a bridge: its guests reach services of this node, and what they "
			   "send elsewhere is left alone (\"hook\": \"cgroup\")";
		return "internal";
	}
	if (is_guest(device)) {
		*ret_why = "it belongs to containers or virtual machines";
		return NULL;
	}
	if (device_is_tunnel(device) && !(interface->is_default && device->type == ARPHRD_PPP)) {
		*ret_why = "it is a tunnel";
		return "vpn";
	}
	if (interface->is_default) {
		*ret_why = "the default route leads there";
		return "external";
	}
	if (!interface->network_count) {
		*ret_why = "it has no address";
		return NULL;
	}
	*ret_why = host_interface_is_private(interface)
			   ? "it has private addresses only and no default route"
			   : "it has a public address";
	return host_interface_is_private(interface) ? "internal" : "external";
}

static void note_natted(const struct host_interface *interface, struct proposal *proposal)
{
	char network[CIDR_TEXT_MAX];

	if (!interface->network_count || !host_interface_is_private(interface))
		return;
	cidr_format(interface->networks[0].source, interface->networks[0].length, network);
	note(proposal,
	     "%s has private addresses: if other nodes of this installation are in %s, add "
	     "\"sources\": { \"internal\": [\"%s\"] } to it",
	     interface->device.name, network, network);
}

/* An SSH session from a zone that ssh is not open to must be able to come again. */
static void management_add(const struct host_facts *facts, json_t *node, struct proposal *proposal)
{
	char source[CIDR_TEXT_MAX];

	cidr_format(facts->session.client, 128, source);
	json_object_set_new(node, "management", json_make("[s]", source));
	note(proposal, "management source %s, because your SSH session comes from there", source);
}

static json_t *interfaces_make(const struct host_facts *facts, struct proposal *proposal,
			       bool *ret_is_outside)
{
	json_t *interfaces = json_make("{}");
	bool inside = false;

	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];
		const char *name = interface->device.name, *why = NULL;
		const char *zone = zone_choose(interface, &why);

		if (zone && json_object_size(interfaces) == RW_LISTED) {
			zone = NULL;
			why = "there are too many";
		}
		if (!zone && why)
			note(proposal, "%s is left out: %s", name, why);
		if (!zone)
			continue;
		json_object_set_new(interfaces, name, json_make("{s:s}", "zone", zone));
		if (host_interface_is_guest_bridge(interface))
			json_object_set_new(json_object_get(interfaces, name), "hook",
					    json_make("s", "cgroup"));
		note(proposal, "%s is %s: %s", name, zone, why);
		if (interface->is_default && !strcmp(zone, "external"))
			note_natted(interface, proposal);
		inside |= interface->has_session && strcmp(zone, "external");
	}
	*ret_is_outside = facts->has_session && !inside;
	return interfaces;
}

/* --- ssh -------------------------------------------------------------------------------------- */

/* "management" means services called ssh: the port on which sshd listens has to be one. */
static void ssh_add(const struct host_facts *facts, struct proposal *proposal, json_t *services)
{
	for (size_t i = 0; i < facts->sshd.count; i++) {
		uint16_t port = facts->sshd.list[i];

		if (port == SSH_PORT)
			continue;
		json_array_append_new(services, json_make("{s:s, s:s, s:i, s:[s, s]}", "name",
							  MERGE_SSH, "proto", "tcp", "port",
							  (int)port, "from", "internal", "vpn"));
		note(proposal,
		     "service " MERGE_SSH " on port %u, because sshd listens there: \"management\" "
		     "sources reach it, too",
		     port);
	}
}

/* --- published ports -------------------------------------------------------------------------- */

static bool is_opened(const struct role_model *role, const struct published_port *published)
{
	for (size_t i = 0; i < role->service_count; i++) {
		const struct service_model *service = &role->services[i];

		if (service->l4s & 1 << published->l4 && !service->loopback_only &&
		    service->port <= published->port && published->port_end <= service->port_end)
			return true;
	}
	return false;
}

/* Does one of these roles open it, or the one that every node plays (the first)? */
static bool is_opened_by_role(const struct profile *profile, const json_t *roles,
			      const struct published_port *published)
{
	for (size_t i = 0; i < profile->role_count; i++) {
		bool plays = i == 0;

		for (size_t k = 0; k < json_array_size(roles); k++)
			plays |= !strcmp(json_string_value(json_array_get(roles, k)),
					 profile->roles[i].name);
		if (plays && is_opened(&profile->roles[i], published))
			return true;
	}
	return false;
}

static void published_add_one(const struct published_port *published, struct proposal *proposal,
			      json_t *services)
{
	const char *proto = published->l4 == RW_L4_TCP ? "tcp" : "udp";
	char name[TABLES_NAME_MAX], ports[PORTS_TEXT_MAX];
	json_t *service;

	ports_text(published->port, published->port_end, ports);
	snprintf(name, sizeof(name), "published-%s-%s", proto, ports);
	service = json_make("{s:s, s:s, s:s, s:s}", "name", name, "proto", proto, "table",
			    "external", "about", "handed on by nft or iptables (DNAT)");
	json_object_set_new(service, "port",
			    published->port == published->port_end ? json_integer(published->port)
								   : json_make("s", ports));
	json_array_append_new(services, service);
	note(proposal,
	     "service %s, because nft or iptables hands that port on (a published container, say): "
	     "take it out to keep it shut",
	     name);
}

static int published_add(const struct host_facts *facts, const char *roles_dir,
			 struct proposal *proposal, json_t *services, struct error *ret_error)
{
	_cleanup_(profile_free) struct profile profile = {0};
	const char *name = json_string_value(json_object_get(proposal->node, "profile"));
	int r = profile_read(roles_dir, name, &profile, ret_error);

	for (size_t i = 0; !r && i < facts->published.count; i++)
		if (!is_opened_by_role(&profile, json_object_get(proposal->node, "roles"),
				       &facts->published.list[i]))
			published_add_one(&facts->published.list[i], proposal, services);
	return r;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool is_loopback_session(const struct host_facts *facts)
{
	static const char *const ranges[] = {"127.0.0.0/8", "::1"};
	struct cidr range, client = {.length = 128};

	memcpy(client.source, facts->session.client, sizeof(client.source));
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (!cidr_parse(ranges[i], &range, NULL) && cidr_overlaps(&range, &client))
			return true;
	return false;
}

int proposal_make(const struct host_facts *facts, const char *roles_dir, const char *profile,
		  struct proposal *ret, struct error *ret_error)
{
	_cleanup_(proposal_free) struct proposal proposal = {.notes = json_make("[]")};
	_json_ json_t *roles = json_make("[]"), *services = json_make("[]");
	char chosen[TABLES_NAME_MAX];
	bool outside;
	int r = 0;

	if (!profile)
		r = profile_choose(facts, roles_dir, &proposal, chosen, ret_error);
	if (r == 0)
		r = roles_find(facts, roles_dir, profile ? profile : chosen, &proposal, roles,
			       ret_error);
	if (r < 0)
		return r;
	proposal.node = json_make("{s:i, s:s, s:s, s:O}", "version", 1, "node", facts->host,
				  "profile", profile ? profile : chosen, "roles", roles);
	json_object_set_new(proposal.node, "interfaces",
			    interfaces_make(facts, &proposal, &outside));
	ssh_add(facts, &proposal, services);
	r = published_add(facts, roles_dir, &proposal, services, ret_error);
	if (r)
		return r;
	if (json_array_size(services))
		json_object_set(proposal.node, "services", services);
	if (outside && !is_loopback_session(facts))
		management_add(facts, proposal.node, &proposal);
	json_object_set_new(proposal.node, "mode", json_make("s", "observe"));
	note(&proposal, "mode observe: nothing is refused until it says \"enforce\"");
	*ret = proposal;
	proposal = (struct proposal){0};
	return 0;
}

void proposal_free(struct proposal *proposal)
{
	json_decref(proposal->node);
	json_decref(proposal->notes);
	*proposal = (struct proposal){0};
}

/* SPDX-License-Identifier: GPL-2.0 */
/* proposal.c - facts into a node file. */
#include "cli/proposal.h"

#include <errno.h>
#include <fnmatch.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rolewall/abi.h>

#include "cli/print.h"
#include "policy/model.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Which packages a role comes with (fnmatch). */
static const struct {
	const char *package;
	const char *role;
} role_packages[] = {
	{"carbonio-mta", "mta"},
	{"carbonio-proxy", "proxy"},
	{"carbonio-appserver", "appserver"},
	{"carbonio-directory-server", "directory-server"},
	{"carbonio-mesh", "mesh"},
	{"service-discover-server", "mesh"},
	{"carbonio-videoserver*", "videoserver"},
	{"carbonio-monitoring", "monitoring"},
	{"carbonio-prometheus", "monitoring"},
	{"carbonio-*-db", "postgres"},
	{"postgresql", "postgres"},
	{"postgresql-[0-9]*", "postgres"},
	{"postgresql*-server", "postgres"},
};

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

static const char *package_role(const char *package)
{
	for (size_t i = 0; i < ARRAY_SIZE(role_packages); i++)
		if (!fnmatch(role_packages[i].package, package, 0))
			return role_packages[i].role;
	return NULL;
}

static bool has_name(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!strcmp(json_string_value(item), name))
			return true;
	return false;
}

static json_t *roles_find(const struct host_facts *facts, struct proposal *proposal)
{
	json_t *roles = json_make("[]");

	for (size_t i = 0; i < facts->package_count; i++) {
		const char *role = package_role(facts->packages[i]);

		if (!role || has_name(roles, role))
			continue;
		json_array_append_new(roles, json_make("s", role));
		note(proposal, "role %s, because the package %s is installed", role,
		     facts->packages[i]);
	}
	if (!json_array_size(roles))
		note(proposal, "no roles: no package of a role is installed; add what this node "
			       "plays to \"roles\"");
	return roles;
}

static bool has_role(const char *roles_dir, const char *profile, const char *role)
{
	_cleanup_(profile_files_free) struct profile_files files = {0};
	char name[TABLES_NAME_MAX + 8], path[PATH_MAX];

	snprintf(name, sizeof(name), "%s.json", role);
	return profile_files_open(roles_dir, profile, &files, NULL) == 0 &&
	       profile_files_find(&files, name, path);
}

/* Without roles, a profile that has those that most nodes play. */
static bool is_complete(const char *roles_dir, const char *profile, const json_t *roles)
{
	const json_t *role;
	size_t i;

	json_array_foreach (roles, i, role)
		if (!has_role(roles_dir, profile, json_string_value(role)))
			return false;
	return json_array_size(roles) || has_role(roles_dir, profile, "appserver");
}

static const char *profile_choose(const char *roles_dir, const struct profile_names *profiles,
				  const json_t *roles)
{
	for (size_t i = profiles->count; i-- > 0;)
		if (is_complete(roles_dir, profiles->list[i], roles))
			return profiles->list[i];
	return profiles->count ? profiles->list[profiles->count - 1] : NULL;
}

/* A role that the profile does not know would make the file invalid. */
static void roles_prune(const char *roles_dir, const char *profile, json_t *roles,
			struct proposal *proposal)
{
	for (size_t i = json_array_size(roles); i-- > 0;) {
		const char *role = json_string_value(json_array_get(roles, i));

		if (has_role(roles_dir, profile, role))
			continue;
		note(proposal, "the role %s is left out: profile %s does not have it", role,
		     profile);
		json_array_remove(roles, i);
	}
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

static bool is_vpn(const struct device *device)
{
	static const char *const prefixes[] = {"tun", "tap", "wg", "ipsec", NULL};

	return device->type == ARPHRD_NONE || device->type == ARPHRD_PPP ||
	       has_prefix(device->name, prefixes);
}

/* RFC 1918, RFC 6598, RFC 4193. */
static bool is_private(const struct cidr *network)
{
	static const char *const ranges[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					     "100.64.0.0/10", "fc00::/7"};
	struct cidr range;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (!cidr_parse(ranges[i], &range, NULL) && cidr_overlaps(&range, network))
			return true;
	return false;
}

static bool is_all_private(const struct host_interface *interface)
{
	for (size_t i = 0; i < interface->network_count; i++)
		if (!is_private(&interface->networks[i]))
			return false;
	return true;
}

/* The zone, or NULL to leave it out; `ret_why` is the rest of a sentence. */
static const char *zone_choose(const struct host_interface *interface, const char **ret_why)
{
	const struct device *device = &interface->device;

	if (device->type == ARPHRD_LOOPBACK)
		return NULL;
	if (is_guest(device)) {
		*ret_why = "it belongs to containers or virtual machines";
		return NULL;
	}
	if (is_vpn(device) && !(interface->is_default && device->type == ARPHRD_PPP)) {
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
	*ret_why = is_all_private(interface) ? "it has private addresses only and no default route"
					     : "it has a public address";
	return is_all_private(interface) ? "internal" : "external";
}

static void note_natted(const struct host_interface *interface, struct proposal *proposal)
{
	char network[CIDR_TEXT_MAX];

	if (!interface->network_count || !is_all_private(interface))
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
		note(proposal, "%s is %s: %s", name, zone, why);
		if (interface->is_default && !strcmp(zone, "external"))
			note_natted(interface, proposal);
		inside |= interface->has_session && strcmp(zone, "external");
	}
	*ret_is_outside = facts->has_session && !inside;
	return interfaces;
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

int proposal_make(const struct host_facts *facts, const char *roles_dir,
		  const struct profile_names *profiles, const char *profile, struct proposal *ret)
{
	struct proposal proposal = {.notes = json_make("[]")};
	_json_ json_t *roles = roles_find(facts, &proposal);
	bool outside;

	if (!profile)
		profile = profile_choose(roles_dir, profiles, roles);
	if (!profile) {
		proposal_free(&proposal);
		return -ENOENT;
	}
	note(&proposal, "profile %s: its roles are in %s/%s", profile, roles_dir, profile);
	roles_prune(roles_dir, profile, roles, &proposal);
	proposal.node = json_make("{s:i, s:s, s:s, s:O}", "version", 1, "node", facts->host,
				  "profile", profile, "roles", roles);
	json_object_set_new(proposal.node, "interfaces",
			    interfaces_make(facts, &proposal, &outside));
	if (outside && !is_loopback_session(facts))
		management_add(facts, proposal.node, &proposal);
	json_object_set_new(proposal.node, "mode", json_make("s", "observe"));
	note(&proposal, "mode observe: nothing is refused until it says \"enforce\"");
	*ret = proposal;
	return 0;
}

void proposal_free(struct proposal *proposal)
{
	json_decref(proposal->node);
	json_decref(proposal->notes);
	*proposal = (struct proposal){0};
}

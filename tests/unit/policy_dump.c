/* SPDX-License-Identifier: GPL-2.0 */
/* policy_dump.c - the canonical text of every stage of policy/. */
#include "policy_dump.h"

#include "policy/prefixes.h"

#include <string.h>

static void dump_zones(FILE *out, uint64_t zones)
{
	const char *comma = "";

	if (!zones)
		fprintf(out, "nobody");
	for (const struct word *zone = words_zones; zone->word; zone++) {
		if (!(zones & zone->number))
			continue;
		fprintf(out, "%s%s", comma, zone->word);
		comma = ",";
	}
	if (zones & RW_ZONE_MANAGEMENT) {
		fprintf(out, "%smanagement", comma);
		comma = ",";
	}
	if (zones & RW_ZONE_NOBODY) {
		fprintf(out, "%sno-peer", comma);
		comma = ",";
	}
	for (unsigned int i = 0; i < RW_PEER_ROLES; i++) {
		if (!(zones & RW_ZONE_PEER(i)))
			continue;
		fprintf(out, "%speer%u", comma, i);
		comma = ",";
	}
	for (unsigned int i = 0; i < RW_SETS; i++) {
		if (!(zones & RW_ZONE_SET(i)))
			continue;
		fprintf(out, "%sset%u", comma, i);
		comma = ",";
	}
}

static void dump_ports(FILE *out, uint16_t port, uint16_t port_end)
{
	fprintf(out, "%u", port);
	if (port_end != port)
		fprintf(out, "-%u", port_end);
}

static void dump_at(FILE *out, const struct at *at)
{
	char where[600];

	at_format(at, where, sizeof(where));
	fprintf(out, "  @ %s\n", where);
}

static void dump_limit(FILE *out, const struct limit *limit)
{
	if (limit->count)
		fprintf(out, " limit %u/%u burst %u per /%u,/%u ban %u", limit->count,
			limit->seconds, limit->burst, limit->ipv4_bits, limit->ipv6_bits,
			limit->ban);
}

static void dump_services(FILE *out, const struct service_model *services, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct service_model *service = &services[i];

		fprintf(out, "  service %s%s%s ", service->name,
			service->l4s & (1 << RW_L4_TCP) ? " tcp" : "",
			service->l4s & (1 << RW_L4_UDP) ? " udp" : "");
		dump_ports(out, service->port, service->port_end);
		fprintf(out, " from ");
		dump_zones(out, service->zones | service->sets);
		fprintf(out, "%s", service->vpn_advised ? " vpn-advised" : "");
		fprintf(out, "%s", service->loopback_only ? " loopback-only" : "");
		dump_limit(out, &service->limit);
		dump_at(out, &service->at);
	}
}

static void dump_sources(FILE *out, const char *noun, const struct source_list *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		const struct source_model *source = &sources->list[i];
		char text[CIDR_TEXT_MAX];

		cidr_format(source->cidr.source, source->cidr.length, text);
		fprintf(out, "  source %s %s", text,
			source->zone ? word_of(words_zones, source->zone) : noun);
		dump_at(out, &source->at);
	}
}

static void dump_names(FILE *out, const char *noun, const struct name_model *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s %s", noun, names[i].name);
		dump_at(out, &names[i].at);
	}
}

static void dump_switches(FILE *out, const uint8_t protocols[256], uint8_t flags,
			  uint16_t echo_rate, bool mode_given)
{
	fprintf(out, "flags%s%s%s%s%s%s%s\n", flags & RW_POLICY_ENFORCE ? " enforce" : " observe",
		mode_given ? "" : " (by default)", flags & RW_POLICY_IPV6_DROP ? " ipv6-drop" : "",
		flags & RW_POLICY_FRAGMENTS_DROP ? " fragments-drop" : "",
		flags & RW_POLICY_COOKIES_OFF ? " cookies-off" : "",
		flags & RW_POLICY_BIND_OBSERVE ? " bind-observe" : "",
		flags & RW_POLICY_BIND_DENY ? " bind-deny" : "");
	fprintf(out, "echo-rate %u\n", echo_rate);
	for (int i = 0; i < 256; i++)
		if (protocols[i])
			fprintf(out, "protocol %d\n", i);
}

static void dump_sets(FILE *out, const struct set_list *sets)
{
	for (size_t i = 0; i < sets->count; i++) {
		const struct set_model *set = &sets->list[i];

		fprintf(out, "set%zu %s%s", i, set->name, set->has_on ? " on" : "");
		for (size_t k = 0; k < set->on_count; k++)
			fprintf(out, " %s", set->on[k].name);
		dump_at(out, &set->at);
		dump_sources(out, "set", &set->sources);
		for (size_t k = 0; k < set->host_count; k++)
			fprintf(out, "  host %s\n", set->hosts[k].name);
	}
}

void dump_model(FILE *out, const struct model *model)
{
	const struct node_model *node = &model->node;

	fprintf(out, "node %s\n", node->name);
	dump_names(out, "profile", &node->profile, 1);
	dump_names(out, "role", node->roles, node->role_count);
	dump_names(out, "vpn-only", node->vpn_only, node->vpn_only_count);
	dump_switches(out, node->protocols, node->flags, node->echo_rate, node->mode_given);
	for (size_t i = 0; i < node->interface_count; i++) {
		const struct interface_model *interface = &node->interfaces[i];

		fprintf(out, "interface %s %s", interface->name,
			word_of(words_zones, interface->zone));
		dump_at(out, &interface->at);
		if (interface->has_cluster)
			fprintf(out, "  source @cluster\n");
		dump_sources(out, "", &interface->sources);
	}
	fprintf(out, "management\n");
	dump_sources(out, "management", &node->management);
	dump_names(out, "  set", node->management_sets, node->management_set_count);
	dump_sets(out, &node->sets);
	for (size_t i = 0; i < node->limits.count; i++) {
		fprintf(out, "limit of %s:", node->limits.list[i].name);
		dump_limit(out, &node->limits.list[i].limit);
		dump_at(out, &node->limits.list[i].at);
	}
	fprintf(out, "own services\n");
	dump_services(out, node->services, node->service_count);
	for (size_t i = 0; i < model->role_count; i++) {
		fprintf(out, "role file %s", model->roles[i].name);
		dump_at(out, &model->roles[i].name_at);
		dump_services(out, model->roles[i].services, model->roles[i].service_count);
	}
}

void dump_merged(FILE *out, const struct merged *merged)
{
	for (size_t i = 0; i < merged->row_count; i++) {
		const struct row *row = &merged->rows[i];

		fprintf(out, "row %s/%s %s ", row->role, row->service->name,
			word_of(words_l4, row->l4));
		dump_ports(out, row->service->port, row->service->port_end);
		fprintf(out, " ");
		dump_zones(out, row->zones);
		fprintf(out, "%s", row->narrowed ? " narrowed" : "");
		dump_limit(out, &row->limit);
		fprintf(out, "\n");
	}
}

static void dump_prefixes(FILE *out, const struct prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(prefixes[i].source, prefixes[i].length, text);
		fprintf(out, "  prefix %s ", text);
		if (prefixes[i].bits)
			dump_zones(out, prefixes[i].bits);
		else
			fprintf(out, "-");
		fprintf(out, "%s\n", prefixes[i].silent ? " (silent)" : "");
	}
}

static void dump_never_ban(FILE *out, const struct tables *tables)
{
	for (size_t i = 0; i < tables->never_ban_count; i++) {
		const struct prefix *prefix = &tables->never_ban[i];
		char text[CIDR_TEXT_MAX];

		cidr_format(prefix->source, prefix->length, text);
		fprintf(out, "never-ban %s %s\n", text, never_ban_words(prefix->bits));
	}
}

/* Ports with the same entry side by side are one line. */
static void dump_port_entries(FILE *out, const struct tables *tables)
{
	for (unsigned int i = 0, end; i < 2 * 65536; i = end + 1) {
		const struct port *port = &tables->ports[i];

		for (end = i; (end & 0xffff) != 0xffff; end++)
			if (tables->ports[end + 1].zones != port->zones ||
			    tables->ports[end + 1].rule != port->rule)
				break;
		if (!port->zones)
			continue;
		fprintf(out, "port %s ", word_of(words_l4, i >> 16));
		dump_ports(out, i & 0xffff, end & 0xffff);
		fprintf(out, " ");
		dump_zones(out, port->zones);
		fprintf(out, " rule %u\n", port->rule);
	}
}

static void dump_accepts(FILE *out, const char *name, const struct interface *interface,
			 uint8_t kind)
{
	if (!(interface->accepts & kind))
		fprintf(out, "%s: never", name);
	else if (interface->if_used & kind)
		fprintf(out, "%s: if used", name);
}

void dump_tables(FILE *out, const struct tables *tables)
{
	fprintf(out, "node %s\nprofile %s\n", tables->node, tables->profile);
	for (size_t i = 0; i < tables->role_count; i++)
		fprintf(out, "role %s\n", tables->roles[i]);
	dump_switches(out, tables->protocols, tables->flags, tables->echo_rate, tables->mode_given);
	for (size_t i = 0; i < tables->interface_count; i++) {
		const struct interface *interface = &tables->interfaces[i];

		fprintf(out, "interface %s %s", interface->name,
			word_of(words_zones, interface->zone));
		if (interface->hook)
			fprintf(out, " hook: %s", word_of(words_hooks, interface->hook));
		if (interface->shield)
			fprintf(out, " shield: %s", word_of(words_shields, interface->shield));
		dump_accepts(out, " dhcp", interface, RW_ACCEPTS_DHCP);
		dump_accepts(out, " ra", interface, RW_ACCEPTS_RA);
		if (interface->sets) {
			fprintf(out, " sets ");
			dump_zones(out, interface->sets);
		}
		fprintf(out, "\n");
		dump_prefixes(out, interface->prefixes, interface->prefix_count);
	}
	fprintf(out, "elsewhere");
	if (tables->elsewhere_sets) {
		fprintf(out, " sets ");
		dump_zones(out, tables->elsewhere_sets);
	}
	fprintf(out, "\n");
	dump_prefixes(out, tables->elsewhere, tables->elsewhere_count);
	dump_never_ban(out, tables);
	for (size_t i = 0; i < tables->rule_count; i++) {
		const struct rule *rule = &tables->rules[i];

		fprintf(out, "rule %zu %s/%s %s ", i, rule->role, rule->service,
			word_of(words_l4, rule->l4));
		dump_ports(out, rule->port, rule->port_end);
		fprintf(out, " ");
		dump_zones(out, rule->zones);
		if (rule->loopback)
			fprintf(out, " loopback");
		if (rule->peers[0])
			fprintf(out, " (%s)", rule->peers);
		if (rule->sets[0])
			fprintf(out, " [%s]", rule->sets);
		dump_limit(out, &rule->limit);
		fprintf(out, "  @ %s\n", rule->origin);
	}
	dump_port_entries(out, tables);
}

void dump_warnings(FILE *out, const struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		fprintf(out, "%s: %s [%s]\n", warnings->list[i].where, warnings->list[i].what,
			warning_name(warnings->list[i].id));
}

void dump_error(FILE *out, int result, const struct error *error)
{
	fprintf(out, "%s\n", strerrorname_np(-result));
	fprintf(out, "where: %s\nwhat:  %s\npath:  %s\n%s\nhint:  %s\n", error->where, error->what,
		error->path, error->excerpt, error->hint);
}

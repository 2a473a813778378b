/* SPDX-License-Identifier: GPL-2.0 */
/* plan.c - what apply would change, as text and as JSON. */
#include "cli/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/changes.h"
#include "cli/message.h"
#include "cli/print.h"
#include "kernel/observe/sources.h"
#include "policy/cidr.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"

/* --- JSON ------------------------------------------------------------------------------------- */

void plan_free(struct plan *plan)
{
	difference_free(&plan->difference);
	inbound_connections_free(&plan->inbound_connections);
	tables_free(&plan->in_force);
	free(plan->hooks);
}

static bool is_enforcing(const struct plan *plan)
{
	return plan->config->tables.flags & RW_POLICY_ENFORCE;
}

static const struct rule *rule_now(const struct snapshot *snapshot, uint16_t port)
{
	const struct rule *owner = NULL;

	for (size_t i = 0; snapshot && i < snapshot->rule_count; i++) {
		const struct rule *rule = &snapshot->rules[i].rule;

		if (rule_covers(rule, RW_L4_TCP, port))
			owner = rule_owner(owner, rule);
	}
	return owner;
}

/* Of packets over IPv6 nothing passes then, open connection or not. */
static bool is_cut(const struct plan *plan, const struct inbound_connection *connection)
{
	return (plan->config->tables.flags & RW_POLICY_IPV6_DROP) &&
	       !cidr_is_ipv4(connection->socket.remote, 128);
}

static json_t *json_inbound_connections(const struct plan *plan)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < plan->inbound_connections.count; i++) {
		const struct inbound_connection *connection = &plan->inbound_connections.list[i];
		const struct rule *rule = rule_now(plan->snapshot, connection->socket.local_port);
		char source[CIDR_TEXT_MAX];

		cidr_format(connection->socket.remote, 128, source);
		json_array_append_new(list,
				      json_make("{s:s, s:i, s:i, s:o, s:o, s:b}", "source", source,
						"source_port", (int)connection->socket.remote_port,
						"port", (int)connection->socket.local_port,
						"interface", json_clean(connection->interface),
						"service", json_clean(rule ? rule->service : NULL),
						"cut", is_cut(plan, connection)));
	}
	return list;
}

static json_t *json_hooks(const struct plan *plan)
{
	const struct interface_changes *interfaces = &plan->difference.interfaces;
	json_t *list = json_make("[]");

	for (size_t i = 0; i < interfaces->count; i++)
		if (plan->hooks[i].hook != HOOK_NONE)
			json_array_append_new(list, json_make("{s:s, s:s, s:s}", "name",
							      interfaces->list[i].name, "hook",
							      hook_word(plan->hooks[i].hook),
							      "note", plan->hooks[i].note));
	return list;
}

json_t *json_plan(const struct plan *plan)
{
	const struct snapshot *snapshot = plan->snapshot;
	const struct difference *difference = &plan->difference;
	json_t *root = json_make("{s:b, s:I, s:b, s:o}", "applied", snapshot != NULL, "generation",
				 (json_int_t)(snapshot ? snapshot->generation : 0), "changes",
				 !difference_is_empty(difference), "warnings",
				 json_warnings(&plan->config->warnings));

	json_object_update_new(root, json_difference(difference));
	json_object_set_new(root, "hooks", json_hooks(plan));
	json_object_set_new(root, "own_session", json_own(&plan->own, is_enforcing(plan)));
	json_object_set_new(root, "sessions_cut",
			    is_enforcing(plan) ? json_inbound_connections(plan) : json_make("[]"));
	return root;
}

/* --- table ------------------------------------------------------------------------------------ */

static void print_ports(const struct settings *settings, const struct changes *changes)
{
	_table_ struct libscols_table *table = changes_table(settings);

	if (!changes->count)
		return;
	changes_add(table, changes);
	table_print(table);
	putchar('\n');
}

static const char *zone_or_unlisted(uint8_t zone)
{
	return zone ? zone_name(zone) : "external, not listed";
}

static const char *or_none(const char *text)
{
	return text && *text ? text : "none";
}

/* "hook auto: tc, native XDP copies each packet" */
static void print_hook(const struct settings *settings, const struct interface_change *change,
		       const struct hook_state *expected)
{
	const char *was = word_of(words_hooks, change->hook_before);
	bool changed = change->hook_before != change->hook_after;

	if (changed || expected->hook != HOOK_NONE)
		print_fact(settings, change->name, STYLE_PLAIN, "hook %s%s%s%s%s%s%s",
			   changed ? was : "", changed ? " -> " : "",
			   word_of(words_hooks, change->hook_after),
			   expected->hook == HOOK_NONE ? "" : ": ",
			   expected->hook == HOOK_NONE ? "" : hook_word(expected->hook),
			   expected->note[0] ? ", " : "", expected->note);
}

static void print_others(const struct settings *settings, const struct plan *plan)
{
	const struct difference *difference = &plan->difference;
	const struct interface_changes *interfaces = &difference->interfaces;

	for (size_t i = 0; i < difference->setting_count; i++)
		print_fact(settings, difference->settings[i].name, STYLE_PLAIN, "%s -> %s",
			   or_none(difference->settings[i].before), difference->settings[i].after);
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface_change *change = &interfaces->list[i];

		if (change->before != change->after)
			print_fact(settings, change->name, STYLE_PLAIN, "zone %s -> %s",
				   difference->from_nothing ? "none"
							    : zone_or_unlisted(change->before),
				   zone_or_unlisted(change->after));
		print_hook(settings, change, &plan->hooks[i]);
		if (change->shield_before != change->shield_after)
			print_fact(settings, change->name, STYLE_PLAIN, "shield %s -> %s",
				   word_of(words_shields, change->shield_before),
				   word_of(words_shields, change->shield_after));
	}
}

#define SET_SOURCES_SHOWN 8

static void sources_append(char *ret, size_t size, char sign, const struct cidr_list *cidrs)
{
	for (size_t i = 0; i < cidrs->count; i++) {
		size_t used = strlen(ret);
		char source[CIDR_TEXT_MAX];

		if (i == SET_SOURCES_SHOWN) {
			snprintf(ret + used, size - used, ", %zu more", cidrs->count - i);
			return;
		}
		cidr_format(cidrs->list[i].source, cidrs->list[i].length, source);
		snprintf(ret + used, size - used, "%s%c%s", used ? ", " : "", sign, source);
	}
}

static void on_append(char *ret, size_t size, const struct set *set)
{
	size_t used = strlen(ret);

	snprintf(ret + used, size - used, "%s%s", used ? "; " : "",
		 set->has_on ? "by " : "by every interface");
	for (size_t i = 0; i < set->on_count; i++) {
		used = strlen(ret);
		snprintf(ret + used, size - used, "%s%s", i ? "," : "", set->on[i]);
	}
	if (set->has_on && !set->on_count) {
		used = strlen(ret);
		snprintf(ret + used, size - used, "none");
	}
}

static void print_sets(const struct settings *settings, const struct set_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct set_change *change = &changes->list[i];
		char text[2048] = "", name[TABLES_SET_MAX + 8];

		snprintf(name, sizeof(name), "set %s", change->name);
		sources_append(text, sizeof(text), '+', &change->added);
		sources_append(text, sizeof(text), '-', &change->removed);
		if (change->after &&
		    (change->on_changed || (!change->before && change->after->has_on)))
			on_append(text, sizeof(text), change->after);
		print_fact(settings, name, STYLE_PLAIN, "%s%s%s",
			   !change->before  ? "new"
			   : !change->after ? "gone"
					    : "",
			   *text && (!change->before || !change->after) ? ": " : "", text);
	}
}

/* A cluster's peers may keep their zone and play other roles. */
static void add_prefix(struct libscols_table *table, const struct prefix_change *change)
{
	struct libscols_line *line = table_line(table);
	char source[CIDR_TEXT_MAX], before[ZONES_TEXT_MAX], after[ZONES_TEXT_MAX];

	cidr_format(change->source, change->length, source);
	zones_text(change->before, before);
	zones_text(change->after, after);
	cell_set(line, 0, "%s", change->interface[0] ? change->interface : "any other");
	cell_set(line, 1, "%s", source);
	cell_set(line, 2, "%s", change->before ? before : "-");
	cell_set(line, 3, "%s%s", change->after ? after : "-",
		 strcmp(before, after) ? "" : " (other roles)");
}

#define PREFIXES_SHOWN 50

static void print_prefixes(const struct settings *settings, const struct prefix_changes *changes)
{
	static const struct column columns[] = {
		{"INTERFACE", 0}, {"SOURCE", 0}, {"ZONE NOW", 0}, {"ZONE THEN", 0}};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	if (!changes->count)
		return;
	for (size_t i = 0; i < changes->count && i < PREFIXES_SHOWN; i++)
		add_prefix(table, &changes->list[i]);
	table_print(table);
	if (changes->count > PREFIXES_SHOWN)
		printf("... and %zu more (--json has all)\n", changes->count - PREFIXES_SHOWN);
	putchar('\n');
}

static void print_sums(const struct settings *settings, const struct changes *changes)
{
	size_t opened = 0, closed = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		size_t ports = (size_t)change->port_end - change->port + 1;

		opened += change->opened ? ports : 0;
		closed += change->closed ? ports : 0;
	}
	print_summary(settings, "%zu port%s opened, %zu closed, %zu rule%s unchanged.", opened,
		      plural(opened), closed, changes->unchanged, plural(changes->unchanged));
}

#define SESSIONS_SHOWN 20

static size_t inbound_connections_count(const struct plan *plan, bool cut)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->inbound_connections.count; i++)
		count += is_cut(plan, &plan->inbound_connections.list[i]) == cut;
	return count;
}

static void add_inbound_connection(struct libscols_table *table, const struct plan *plan,
				   const struct inbound_connection *connection)
{
	const struct rule *rule = rule_now(plan->snapshot, connection->socket.local_port);
	struct libscols_line *line = table_line(table);
	char source[CIDR_TEXT_MAX];

	cidr_format(connection->socket.remote, 128, source);
	cell_set(line, 0, "%s", source);
	cell_set(line, 1, "%u", connection->socket.local_port);
	cell_set(line, 2, "%s", connection->interface);
	cell_set(line, 3, "%s", rule ? rule->service : "");
}

/* Those that end, or those that go on. */
static void print_inbound_connections(const struct settings *settings, const struct plan *plan,
				      bool cut)
{
	static const struct column columns[] = {
		{"SOURCE", 0},
		{"PORT", SCOLS_FL_RIGHT},
		{"INTERFACE", 0},
		{"SERVICE", 0},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));
	size_t count = inbound_connections_count(plan, cut), shown = 0;

	if (!count || !is_enforcing(plan))
		return;
	printf("\n%s (%zu connection%s):\n",
	       cut ? "These are cut, for IPv6 is dropped"
		   : "These go on, but could not be opened again",
	       count, plural(count));
	for (size_t i = 0; i < plan->inbound_connections.count && shown < SESSIONS_SHOWN; i++) {
		const struct inbound_connection *connection = &plan->inbound_connections.list[i];

		if (is_cut(plan, connection) != cut)
			continue;
		add_inbound_connection(table, plan, connection);
		shown++;
	}
	table_print(table);
	if (count > shown)
		printf("... and %zu more\n", count - shown);
}

bool plan_cuts_own(const struct plan *plan)
{
	return ssh_is_cut(&plan->own, is_enforcing(plan));
}

static const char *fate_text(const struct plan *plan)
{
	if (plan_cuts_own(plan))
		return "could not be opened again: apply refuses without --force --confirm";
	return ssh_is_unsure(&plan->own, is_enforcing(plan))
		       ? "survives if its tunnel does, but the kernel says too little about that"
		       : "survives";
}

static void print_own(const struct settings *settings, const struct plan *plan)
{
	bool cut = plan_cuts_own(plan);
	bool unsure = ssh_is_unsure(&plan->own, is_enforcing(plan));
	char text[OWN_TEXT_MAX], why[OWN_TEXT_MAX], ban[CIDR_TEXT_MAX];

	if (cut && plan->own.is_banned)
		print_fact(settings, "Your session", STYLE_BAD,
			   "%s would be cut, %s is banned: apply refuses without --force --confirm",
			   ssh_text(&plan->own, text), ssh_ban_text(&plan->own, ban));
	else if (cut && !plan->own.carried)
		print_fact(settings, "Your session", STYLE_BAD,
			   "%s would be cut, %s: apply refuses without --force --confirm",
			   ssh_text(&plan->own, text), ssh_carrier_text(&plan->own, why));
	else if (plan->own.exists)
		print_fact(settings, "Your session",
			   cut	    ? STYLE_BAD
			   : unsure ? STYLE_CARE
				    : STYLE_GOOD,
			   "%s %s", ssh_text(&plan->own, text), fate_text(plan));
}

void plan_print(const struct settings *settings, const struct plan *plan)
{
	const struct snapshot *snapshot = plan->snapshot;
	const struct difference *difference = &plan->difference;

	if (snapshot)
		print_summary(settings, "Against generation %" PRIu32 ", which is in force:\n",
			      snapshot->generation);
	else if (plan->elsewhere)
		print_summary(settings, "On %s, where nothing is in force yet, apply would open:\n",
			      plan->config->tables.node);
	else
		print_summary(settings, "Nothing is in force yet; apply would open:\n");
	print_ports(settings, &difference->ports);
	print_sets(settings, &difference->sets);
	print_prefixes(settings, &difference->prefixes);
	print_others(settings, plan);
	print_sums(settings, &difference->ports);
	print_inbound_connections(settings, plan, true);
	print_inbound_connections(settings, plan, false);
	print_own(settings, plan);
}

/* --- both ------------------------------------------------------------------------------------- */

/* Of interfaces that are new to the node file, or are asked to change. */
static int foresee_hooks(struct plan *plan, struct error *ret_error)
{
	const struct interface_changes *interfaces = &plan->difference.interfaces;
	_cleanup_(devices_free) struct devices devices = {0};
	int r;

	plan->hooks = calloc(interfaces->count + 1, sizeof(*plan->hooks));
	if (!plan->hooks)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (plan->elsewhere || !interfaces->count)
		return 0;
	r = devices_read(&devices, ret_error);
	for (size_t i = 0; !r && i < interfaces->count; i++) {
		const struct interface_change *change = &interfaces->list[i];
		const struct device *device = device_by_name(&devices, change->name);

		if (device && change->after &&
		    (!change->before || change->hook_before != change->hook_after))
			interface_foresee(plan->instance, &devices, device, change->hook_after,
					  &plan->hooks[i]);
	}
	return r;
}

int plan_make(struct plan *plan, struct error *ret_error)
{
	int r = 0;

	if (plan->snapshot)
		r = sources_in_force(plan->instance, plan->snapshot, &plan->in_force, ret_error);
	if (!r)
		r = difference_find(plan->snapshot, &plan->in_force, &plan->config->tables,
				    &plan->difference);
	if (!r)
		r = foresee_hooks(plan, ret_error);
	if (r)
		return r;
	/* The sessions of this host say nothing about another node. */
	if (plan->elsewhere)
		return 0;
	ssh_session_judge(plan->instance, &plan->config->tables, &plan->own);
	return inbound_connections_find(&plan->config->tables, &plan->inbound_connections,
					ret_error);
}

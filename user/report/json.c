/* SPDX-License-Identifier: GPL-2.0 */
/* json.c - rules, interfaces, counters, bans and attempts as JSON. */
#include "report/cookies.h"
#include "report/json.h"

#include <string.h>

#include "kernel/commit/pending.h"
#include "kernel/lists/reasons.h"
#include "policy/cidr.h"
#include "policy/set_tables.h"
#include "policy/words.h"
#include "report/words.h"
#include "util/clock.h"
#include "util/reason.h"

void json_append(json_t **list, json_t *element)
{
	if (!json_array_append_new(*list, element))
		return;
	json_decref(*list);
	*list = NULL;
}

json_t *json_time(int64_t ns)
{
	char text[TIME_TEXT_MAX];

	return json_clean(ns ? time_text_ns(ns, text) : NULL);
}

static json_t *json_seconds(int64_t seconds)
{
	char text[TIME_TEXT_MAX];

	return json_clean(seconds ? time_text(seconds, text) : NULL);
}

json_t *json_zones(uint64_t zones)
{
	json_t *list = json_array();

	for (unsigned int bit = RW_ZONE_EXTERNAL; bit <= RW_ZONE_MANAGEMENT; bit <<= 1)
		if (zones & bit)
			json_append(&list, json_string(zone_name(bit)));
	if (zones & RW_ZONE_PEERS)
		json_append(&list, json_string("peers"));
	return list;
}

json_t *json_names(const char *names)
{
	json_t *list = json_array();
	size_t length;

	for (; *names; names += length + (names[length] == ',')) {
		length = strcspn(names, ",");
		json_append(&list, json_stringn(names, length));
	}
	return list;
}

json_t *json_limit(const struct limit *limit)
{
	char count[32], ipv4[8], ipv6[8];

	if (!limit->count)
		return json_null();
	snprintf(count, sizeof(count), "%u/%s", limit->count, limit_unit(limit));
	snprintf(ipv4, sizeof(ipv4), "/%u", limit->ipv4_bits);
	snprintf(ipv6, sizeof(ipv6), "/%u", limit->ipv6_bits);
	return json_pack("{s:s, s:i, s:[s, s], s:o}", "new", count, "burst", (int)limit->burst,
			 "per", ipv4, ipv6, "ban",
			 limit->ban ? json_integer(limit->ban) : json_null());
}

json_t *json_rule(const struct rule_state *state)
{
	const struct rule *rule = &state->rule;

	return json_pack("{s:o, s:o, s:s, s:i, s:i, s:o, s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:I}",
			 "service", json_clean(rule->service), "role", json_clean(rule->role),
			 "proto", word_of(words_l4, rule->l4), "port", (int)rule->port, "port_end",
			 (int)rule->port_end, "zones", json_zones(rule->zones), "loopback",
			 rule->loopback, "peers", json_clean(rule->peers), "sets",
			 json_names(rule->sets), "limit", json_limit(&rule->limit), "origin",
			 json_clean(rule->origin), "passed",
			 (json_int_t)state->counter.passed.packets, "dropped",
			 (json_int_t)state->counter.dropped.packets, "observed",
			 (json_int_t)state->counter.observed.packets);
}

static json_t *json_interface(const struct interface_state *state)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:b, s:b, s:b, s:b, s:o}", "name",
			 json_clean(state->name), "zone", json_clean(zone_name(state->in_force)),
			 "hook", hook_word(state->hook), "xdp_mode", xdp_mode_word(state->xdp_mode),
			 "shield", state->shielded, "listed", state->slot != 0, "present",
			 state->ifindex != 0, "answers", state->answers, "note",
			 json_clean(state->note));
}

json_t *json_interfaces(const struct snapshot *snapshot)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snapshot->interface_count; i++)
		json_append(&list, json_interface(&snapshot->interfaces[i]));
	for (size_t i = 0; i < snapshot->unlisted_count; i++)
		json_append(&list, json_interface(&snapshot->unlisted[i]));
	return list;
}

json_t *json_attempt(const struct attempt *attempt, const char *service)
{
	char text[FEED_ATTEMPT_MAX] = "{";
	size_t length = attempt_print(attempt, service, text + 1, sizeof(text) - 2);

	text[length + 1] = '}';
	return json_loadb(text, length + 2, 0, NULL);
}

/* Each with an end of its own; the first is the one that ends last. */
static json_t *json_ban_reasons(const struct timeout *ban)
{
	_reasons_ struct reasons reasons = {0};
	json_t *list = json_array();

	if (reasons_read(ban, &reasons))
		return list;
	for (size_t i = 0; i < reasons.count; i++) {
		const struct reason *reason = &reasons.list[i];

		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:o, s:o}", "reason", json_clean(reason->text),
				  "expires", json_seconds(reason->expires / TIMEOUT_SECOND), "who",
				  json_clean(reason->who), "since", json_seconds(reason->since)));
	}
	return list;
}

json_t *json_timeout(const struct timeout *entry)
{
	char source[CIDR_TEXT_MAX], reason[TIMEOUT_REASON_MAX + 1];
	json_t *object;

	cidr_format(entry->source.source, entry->source.length, source);
	object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "source", source, "expires",
			   json_seconds(entry->expires / TIMEOUT_SECOND), "who",
			   json_clean(entry->who), "since", json_seconds(entry->since), "reason",
			   json_clean(reason_first(entry, reason)));
	if (!entry->port) {
		json_object_set_new(object, "reasons", json_ban_reasons(entry));
	} else {
		json_object_set_new(object, "id", json_integer(entry->id));
		json_object_set_new(object, "proto", json_string(word_of(words_l4, entry->l4)));
		json_object_set_new(object, "port", json_integer(entry->port));
	}
	return object;
}

/* --- between two policies --------------------------------------------------------------------- */

json_t *json_sets(uint64_t zones, const struct tables *tables)
{
	json_t *list = json_array();

	for (size_t i = 0; tables && i < tables->set_count; i++) {
		char label[TABLES_SET_MAX];

		if (zones & RW_ZONE_SET(i))
			json_append(&list, json_clean(set_label(&tables->sets[i], label)));
	}
	return list;
}

/* `zones` of the rule, with the sets of `tables`. */
static json_t *json_change(const struct change *change, uint64_t zones, const struct rule *rule,
			   const struct tables *tables)
{
	return json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "proto",
			 word_of(words_l4, change->l4), "port", (int)change->port, "port_end",
			 (int)change->port_end, "zones", json_zones(zones), "sets",
			 json_sets(zones, tables), "service", json_clean(rule->service), "role",
			 json_clean(rule->role), "origin", json_clean(rule->origin));
}

static json_t *json_moved(const struct change *change, const struct tables *tables)
{
	json_t *object = json_change(change, change->after->zones, change->after, tables);

	json_object_set_new(object, "from",
			    json_pack("{s:o, s:o, s:o}", "service",
				      json_clean(change->before->service), "role",
				      json_clean(change->before->role), "origin",
				      json_clean(change->before->origin)));
	return object;
}

static json_t *list_of(json_t *root, const char *key)
{
	if (!json_object_get(root, key))
		json_object_set_new(root, key, json_array());
	return json_object_get(root, key);
}

void json_changes(json_t *root, const struct changes *changes)
{
	json_t *opened = list_of(root, "opened"), *closed = list_of(root, "closed");
	json_t *moved = list_of(root, "moved"), *unchanged = json_object_get(root, "unchanged");

	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];

		if (change->opened)
			json_array_append_new(opened, json_change(change, change->opened,
								  change->after, changes->after));
		if (change->closed)
			json_array_append_new(closed, json_change(change, change->closed,
								  change->before, changes->before));
		if (change_is_moved(change))
			json_array_append_new(moved, json_moved(change, changes->after));
	}
	json_object_set_new(root, "unchanged",
			    json_integer(json_integer_value(unchanged) + changes->unchanged));
}

static json_t *json_settings(const struct difference *difference)
{
	json_t *list = json_array();

	for (size_t i = 0; i < difference->setting_count; i++)
		json_append(&list,
			    json_pack("{s:s, s:o, s:o}", "name", difference->settings[i].name,
				      "from", json_clean(difference->settings[i].before), "to",
				      json_clean(difference->settings[i].after)));
	return list;
}

/* An interface that is not listed is external. */
static const char *zone_of(uint8_t zone)
{
	return zone_name(zone ? zone : RW_ZONE_EXTERNAL);
}

static json_t *json_interface_changes(const struct difference *difference)
{
	const struct interface_changes *changes = &difference->interfaces;
	json_t *list = json_array();

	for (size_t i = 0; i < changes->count; i++)
		json_append(
			&list,
			json_pack("{s:o, s:o, s:o, s:s, s:s, s:s, s:s}", "name",
				  json_clean(changes->list[i].name), "from",
				  difference->from_nothing
					  ? json_null()
					  : json_clean(zone_of(changes->list[i].before)),
				  "to", json_clean(zone_of(changes->list[i].after)), "hook_from",
				  word_of(words_hooks, changes->list[i].hook_before), "hook_to",
				  word_of(words_hooks, changes->list[i].hook_after), "shield_from",
				  word_of(words_shields, changes->list[i].shield_before),
				  "shield_to",
				  word_of(words_shields, changes->list[i].shield_after)));
	return list;
}

static json_t *json_prefix_changes(const struct prefix_changes *changes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < changes->count; i++) {
		const struct prefix_change *change = &changes->list[i];
		char source[CIDR_TEXT_MAX];

		cidr_format(change->source, change->length, source);
		json_append(&list,
			    json_pack("{s:o, s:s, s:o, s:o}", "interface",
				      json_clean(change->interface), "source", source, "from",
				      json_zones(change->before), "to", json_zones(change->after)));
	}
	return list;
}

static json_t *json_cidrs(const struct cidr_list *cidrs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cidrs->count; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(cidrs->list[i].source, cidrs->list[i].length, text);
		json_append(&list, json_string(text));
	}
	return list;
}

/* null: every interface, or no such set. */
json_t *json_on(const struct set *set)
{
	json_t *list;

	if (!set || !set->has_on)
		return json_null();
	list = json_array();
	for (size_t i = 0; i < set->on_count; i++)
		json_append(&list, json_clean(set->on[i]));
	return list;
}

static json_t *json_set_changes(const struct set_changes *changes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < changes->count; i++) {
		const struct set_change *change = &changes->list[i];
		const char *what = !change->before ? "new" : !change->after ? "gone" : "changed";

		json_append(&list,
			    json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "name",
				      json_clean(change->name), "change", what, "added",
				      json_cidrs(&change->added), "removed",
				      json_cidrs(&change->removed), "on_from",
				      json_on(change->before), "on_to", json_on(change->after)));
	}
	return list;
}

json_t *json_difference(const struct difference *difference)
{
	json_t *root = json_pack("{s:o, s:o, s:o, s:o}", "settings", json_settings(difference),
				 "interfaces", json_interface_changes(difference), "sources",
				 json_prefix_changes(&difference->prefixes), "sets",
				 json_set_changes(&difference->sets));

	json_changes(root, &difference->ports);
	return root;
}

json_t *json_error(const struct error *error)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "what", json_clean(error->what), "where",
			 json_clean(error->where), "path", json_clean(error->path), "hint",
			 json_clean(error->hint));
}

/* --- all of a snapshot ------------------------------------------------------------------------ */

static json_t *json_pending(const struct snapshot *snapshot)
{
	const struct rw_pending *pending = &snapshot->pending;

	if (!pending->deadline)
		return json_null();
	return json_pack("{s:I, s:b, s:I}", "seconds_left", (json_int_t)pending_left(pending),
			 "overdue", pending_is_overdue(pending), "previous_generation",
			 (json_int_t)pending->previous);
}

static json_t *json_taken_back(const struct snapshot *snapshot)
{
	const struct rw_pending *back = &snapshot->taken_back;

	if (!back->taken_back)
		return json_null();
	return json_pack("{s:I, s:o, s:o}", "generation", (json_int_t)back->generation, "at",
			 json_time(boottime_to_wall(back->taken_back)), "late_ms",
			 back->missed ? json_integer((back->taken_back - back->missed) / 1000000)
				      : json_null());
}

static json_t *json_reasons(const struct snapshot *snapshot, bool drop)
{
	json_t *object = json_object();

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_name(reason) && reason_is_drop(reason) == drop)
			json_object_set_new(object, reason_name(reason),
					    json_integer(snapshot_packets(snapshot, reason)));
	return object;
}

/* Of the drops: what mode observe let pass. */
static json_t *json_observed(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_name(reason) && reason_is_drop(reason))
			json_object_set_new(
				object, reason_name(reason),
				json_integer(snapshot_observed(snapshot, reason).packets));
	return object;
}

static json_t *json_counts(const struct snapshot *snapshot)
{
	struct totals totals = snapshot_totals(snapshot);
	const struct rw_event_state *events = &snapshot->events;

	return json_pack("{s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:{s:I, s:I, s:I}, s:I, s:I}",
			 "totals", "passed", (json_int_t)totals.passed, "dropped",
			 (json_int_t)totals.dropped, "observed", (json_int_t)totals.observed,
			 "drops", json_reasons(snapshot, true), "observed", json_observed(snapshot),
			 "passes", json_reasons(snapshot, false), "events", "emitted",
			 (json_int_t)events->emitted, "suppressed", (json_int_t)events->suppressed,
			 "lost", (json_int_t)events->lost, "settled", (json_int_t)totals.evicted,
			 "unattributed", (json_int_t)totals.unattributed);
}

/* The same shape whether something is applied or not, so that readers need not ask first. */
json_t *json_status(const struct snapshot *snapshot)
{
	bool applied = snapshot->generation != 0;
	json_t *root, *counts = json_counts(snapshot);

	root = json_pack(
		"{s:b, s:b, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, "
		"s:{s:b, s:b, s:b, s:b, s:b, s:b, s:b}, s:o, s:b}",
		"applied", applied, "attached", applied && snapshot_is_enforced(snapshot), "mode",
		json_clean(applied ? mode_word(snapshot->flags) : NULL), "generation",
		(json_int_t)snapshot->generation, "node", json_clean(snapshot->node), "profile",
		json_clean(snapshot->profile), "roles", json_names(snapshot->roles), "node_file",
		json_clean(snapshot->node_file), "applied_at", json_seconds(snapshot->applied_at),
		"pending", json_pending(snapshot), "taken_back", json_taken_back(snapshot),
		"previous_lost", snapshot->previous_lost, "bind_guard",
		bind_guard_word(snapshot->flags), "syn_cookies", json_cookies(snapshot),
		"interfaces", json_interfaces(snapshot), "hooks", "ingress",
		snapshot->cgroup_ingress, "egress", snapshot->cgroup_egress, "bind4",
		snapshot->cgroup_bind4, "bind6", snapshot->cgroup_bind6, "connect6",
		snapshot->cgroup_connect6, "established", snapshot->cgroup_established,
		"namespaces", snapshot->namespaces, "forwarding",
		json_clean(forwarding_word(snapshot)), "tunnels", snapshot->tunnels);
	json_object_update(root, counts);
	json_decref(counts);
	return root;
}

static json_t *json_addresses(const struct followed *name)
{
	json_t *list = json_array();

	for (size_t i = 0; i < name->count; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(name->addresses[i], 128, text);
		json_append(&list, json_string(text));
	}
	return list;
}

json_t *json_followed_name(const char *name, const struct followed *followed)
{
	static const struct followed unknown;
	const struct followed *found = followed ? followed : &unknown;
	int64_t age = followed_age(found, wall_now() / NS_PER_SECOND);

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_clean(name), "addresses",
			 json_addresses(found), "answered_at", json_seconds(found->answered),
			 "age_seconds", age < 0 ? json_null() : json_integer(age), "trouble",
			 json_clean(found->trouble));
}

json_t *json_followed(const struct followed_list *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		if (names->list[i].wanted)
			json_append(&list,
				    json_followed_name(names->list[i].name, &names->list[i]));
	return json_pack("{s:o, s:o}", "waiting", json_clean(names->waiting), "followed", list);
}

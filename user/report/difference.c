/* SPDX-License-Identifier: GPL-2.0 */
/* difference.c - bring snapshot and tables into one shape, and compare. */
#include "report/difference.h"

#include <errno.h>
#include <string.h>

#include "policy/cidr.h"
#include "policy/words.h"
#include "util/cleanup.h"

static const struct snapshot nothing_in_force;

static int compare_ports(const struct snapshot *snapshot, const struct tables *in_force,
			 const struct tables *tables, struct changes *ret)
{
	_free_ const struct rule **before = calloc(snapshot->rule_count + 1, sizeof(*before));
	_free_ const struct rule **after = calloc(tables->rule_count + 1, sizeof(*after));

	if (!before || !after)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->rule_count; i++)
		before[i] = &snapshot->rules[i].rule;
	for (size_t i = 0; i < tables->rule_count; i++)
		after[i] = &tables->rules[i];
	return rules_compare(&(struct rule_list){before, snapshot->rule_count, in_force},
			     &(struct rule_list){after, tables->rule_count, tables}, ret);
}

static int compare_interfaces(const struct snapshot *snapshot, const struct tables *tables,
			      struct interface_changes *ret)
{
	struct interface_zone before[RW_LISTED], after[RW_LISTED];
	struct interface_list old = {before, 0}, new = {after, 0};

	for (; old.count < snapshot->interface_count && old.count < RW_LISTED; old.count++)
		before[old.count] = (struct interface_zone){snapshot->interfaces[old.count].name,
							    snapshot->interfaces[old.count].zone,
							    snapshot->interfaces[old.count].choice,
							    snapshot->interfaces[old.count].shield};
	for (; new.count < tables->interface_count &&new.count < RW_LISTED; new.count++)
		after[new.count] = (struct interface_zone){
			tables->interfaces[new.count].name, tables->interfaces[new.count].zone,
			tables->interfaces[new.count].hook, tables->interfaces[new.count].shield};
	return interfaces_compare(&old, &new, ret);
}

/* What the interface makes of the prefixes, sets apart. */
static int list_interface(struct prefix_list *list, const struct interface *interface,
			  const struct prefix *prefixes, size_t count)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		struct prefix prefix = prefixes[i];

		if (prefix.silent)
			continue;
		prefix.bits &= ~RW_ZONE_SETS;
		if (!(prefix.bits & RW_ZONE_ALL))
			prefix.bits |= interface->zone;
		r = prefix_list_add(list, interface->name, &prefix);
	}
	return r;
}

static int list_interfaces(struct prefix_list *list, const struct tables *tables)
{
	static const struct interface unlisted = {.zone = RW_ZONE_EXTERNAL};
	int r = list_interface(list, &unlisted, tables->elsewhere, tables->elsewhere_count);

	for (size_t i = 0; !r && i < tables->interface_count; i++) {
		const struct interface *interface = &tables->interfaces[i];

		if (interface->prefix_count)
			r = list_interface(list, interface, interface->prefixes,
					   interface->prefix_count);
		else
			r = list_interface(list, interface, tables->elsewhere,
					   tables->elsewhere_count);
	}
	return r;
}

static int compare_prefixes(const struct tables *in_force, const struct tables *tables,
			    struct prefix_changes *ret)
{
	_cleanup_(prefix_list_free) struct prefix_list before = {0}, after = {0};
	int r = list_interfaces(&before, in_force);

	if (!r)
		r = list_interfaces(&after, tables);
	return r ? r : prefixes_compare(&before, &after, ret);
}

static void setting_compare(struct difference *difference, const char *name, const char *before,
			    const char *after)
{
	struct setting *setting = &difference->settings[difference->setting_count];

	if (!strcmp(before, after))
		return;
	setting->name = name;
	snprintf(setting->before, sizeof(setting->before), "%s", before);
	snprintf(setting->after, sizeof(setting->after), "%s", after);
	difference->setting_count++;
}

static void roles_join(const struct tables *tables, char *ret, size_t size)
{
	size_t length = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < tables->role_count && length < size; i++)
		length += snprintf(ret + length, size - length, "%s%s", i ? "," : "",
				   tables->roles[i]);
}

static void protocols_join(const uint8_t protocols[256], char *ret, size_t size)
{
	size_t length = 0;

	snprintf(ret, size, "none");
	for (int i = 0; i < 256 && length < size; i++) {
		const char *word = word_of(words_protocols, i), *comma = length ? "," : "";

		if (protocols[i] && word)
			length += snprintf(ret + length, size - length, "%s%s", comma, word);
		else if (protocols[i])
			length += snprintf(ret + length, size - length, "%s%d", comma, i);
	}
}

static void compare_protocols(struct difference *difference, const struct tables *in_force,
			      const struct tables *tables)
{
	char before[1024], after[1024];

	protocols_join(in_force->protocols, before, sizeof(before));
	protocols_join(tables->protocols, after, sizeof(after));
	setting_compare(difference, "protocols", before, after);
}

/* "2: 192.0.2.7, 198.51.100.0/24", cut where it is longer: the number tells. Sorts. */
static void never_ban_join(struct prefix_list *list, char *ret, size_t size)
{
	size_t length = 0;

	prefix_list_sort(list);
	snprintf(ret, size, "none");
	if (list->count)
		length = snprintf(ret, size, "%zu:", list->count);
	for (size_t i = 0; i < list->count && length < size; i++) {
		const struct prefix *prefix = &list->list[i].prefix;
		char text[CIDR_TEXT_MAX];

		cidr_format(prefix->source, prefix->length, text);
		length += snprintf(ret + length, size - length, "%s %s", i ? "," : "", text);
	}
}

/* Only what is listed under that name: all else of it is shown as what it is. */
static int never_ban_text(const struct tables *tables, char *ret, size_t size)
{
	_cleanup_(prefix_list_free) struct prefix_list listed = {0};
	int r = 0;

	for (size_t i = 0; !r && i < tables->never_ban_count; i++)
		if (tables->never_ban[i].bits == RW_NEVER_BAN_LISTED)
			r = prefix_list_add(&listed, "", &tables->never_ban[i]);
	if (!r)
		never_ban_join(&listed, ret, size);
	return r;
}

static int compare_never_ban(struct difference *difference, const struct tables *in_force,
			     const struct tables *tables)
{
	char before[1024], after[1024];
	int r = never_ban_text(in_force, before, sizeof(before));

	if (!r)
		r = never_ban_text(tables, after, sizeof(after));
	if (r)
		return r;
	setting_compare(difference, "never_ban", before, after);
	return 0;
}

/* "imaps 30/min, burst 20; smtp ...", cut where it is longer. */
static void limit_join(const struct rule *rule, char *ret, size_t size)
{
	size_t used = strlen(ret);
	char text[LIMIT_TEXT_MAX];

	if (rule->limit.count)
		snprintf(ret + used, size - used, "%s%s %s", used ? "; " : "", rule->service,
			 limit_format(&rule->limit, text));
}

static void compare_limits(struct difference *difference, const struct snapshot *snapshot,
			   const struct tables *tables)
{
	char before[1024] = "", after[1024] = "";

	for (size_t i = 0; i < snapshot->rule_count; i++)
		limit_join(&snapshot->rules[i].rule, before, sizeof(before));
	for (size_t i = 0; i < tables->rule_count; i++)
		limit_join(&tables->rules[i], after, sizeof(after));
	setting_compare(difference, "limits", *before ? before : LIMIT_NONE,
			*after ? after : LIMIT_NONE);
}

/* Flags have a default, and so a value only where something is in force. */
static void compare_flags(struct difference *difference, const struct snapshot *snapshot,
			  const struct tables *tables)
{
	static const struct {
		const char *name;
		const struct word *words;
		int mask;
	} rows[] = {
		{"mode", words_modes, RW_POLICY_ENFORCE},
		{"ipv6", words_ipv6, RW_POLICY_IPV6_DROP},
		{"fragments", words_fragments, RW_POLICY_FRAGMENTS_DROP},
		{"syn_cookies", words_syn_cookies, RW_POLICY_COOKIES_OFF},
		{"bind_guard", words_bind_guard, RW_POLICY_BIND_OBSERVE | RW_POLICY_BIND_DENY},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *before = word_of(rows[i].words, snapshot->flags & rows[i].mask);
		const char *after = word_of(rows[i].words, tables->flags & rows[i].mask);

		setting_compare(difference, rows[i].name, snapshot->generation ? before : "",
				after);
	}
}

static void compare_settings(struct difference *difference, const struct snapshot *snapshot,
			     const struct tables *tables)
{
	char before[8] = "", after[8], roles[1024];

	roles_join(tables, roles, sizeof(roles));
	setting_compare(difference, "node", snapshot->node, tables->node);
	setting_compare(difference, "profile", snapshot->profile, tables->profile);
	setting_compare(difference, "roles", snapshot->roles, roles);
	compare_flags(difference, snapshot, tables);
	if (snapshot->generation)
		snprintf(before, sizeof(before), "%u", snapshot->echo_rate);
	snprintf(after, sizeof(after), "%u", tables->echo_rate);
	setting_compare(difference, "echo_rate", before, after);
	compare_limits(difference, snapshot, tables);
}

int difference_find(const struct snapshot *snapshot, const struct tables *in_force,
		    const struct tables *tables, struct difference *ret)
{
	_cleanup_(difference_free) struct difference difference = {.from_nothing = !snapshot};
	int r;

	if (!snapshot)
		snapshot = &nothing_in_force;
	r = compare_ports(snapshot, in_force, tables, &difference.ports);
	if (!r)
		r = compare_interfaces(snapshot, tables, &difference.interfaces);
	if (!r)
		r = compare_prefixes(in_force, tables, &difference.prefixes);
	if (!r)
		r = sets_compare(in_force, tables, &difference.sets);
	if (!r)
		r = compare_never_ban(&difference, in_force, tables);
	if (r)
		return r;
	compare_settings(&difference, snapshot, tables);
	compare_protocols(&difference, in_force, tables);
	*ret = difference;
	difference = (struct difference){0};
	return 0;
}

void difference_free(struct difference *difference)
{
	changes_free(&difference->ports);
	interface_changes_free(&difference->interfaces);
	prefix_changes_free(&difference->prefixes);
	set_changes_free(&difference->sets);
}

bool difference_is_empty(const struct difference *difference)
{
	return !difference->ports.count && !difference->interfaces.count &&
	       !difference->prefixes.count && !difference->sets.count && !difference->setting_count;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* compiled.c - struct tables from JSON. */
#include "tables/compiled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cidr.h"
#include "policy/rules.h"
#include "policy/words.h"
#include "tables/compiled_form.h"
#include "util/cleanup.h"

static bool string_read(char *ret, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return false;
	memcpy(ret, text, length + 1);
	return true;
}

static bool limit_unpack(json_t *json, struct limit *ret)
{
	json_int_t count, ban;
	int seconds, burst, ipv4, ipv6;

	if (!json)
		return true;
	if (json_unpack(json, "[I, i, i, i, i, I !]", &count, &seconds, &burst, &ipv4, &ipv6,
			&ban) ||
	    count < 0 || count > UINT32_MAX || ban < 0 || ban > UINT32_MAX || seconds < 0 ||
	    seconds > UINT16_MAX || burst < 0 || burst > UINT16_MAX || ipv4 < 0 ||
	    ipv4 > UINT8_MAX || ipv6 < 0 || ipv6 > UINT8_MAX)
		return false;
	*ret = (struct limit){.count = (uint32_t)count,
			      .ban = (uint32_t)ban,
			      .seconds = (uint16_t)seconds,
			      .burst = (uint16_t)burst,
			      .ipv4_bits = (uint8_t)ipv4,
			      .ipv6_bits = (uint8_t)ipv6};
	return limit_is_valid(ret);
}

static bool rule_read(json_t *json, void *ret_rule)
{
	struct rule *ret = ret_rule;
	const char *role, *service, *origin, *peers, *sets = "";
	int port, port_end, l4, loopback = false;
	json_t *limit = NULL;
	json_int_t zones;

	if (json_unpack(json, "{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:s, s?b, s?s, s?o !}", "role",
			&role, "service", &service, "origin", &origin, "port", &port, "port_end",
			&port_end, "l4", &l4, "zones", &zones, "peers", &peers, "loopback",
			&loopback, "sets", &sets, "limit", &limit))
		return false;
	if (loopback && zones != RW_ZONE_NOBODY)
		return false;
	if (port < 0 || port_end < port || port_end > 65535 ||
	    (l4 != RW_L4_TCP && l4 != RW_L4_UDP) || !zones)
		return false;
	*ret = (struct rule){.port = (uint16_t)port,
			     .port_end = (uint16_t)port_end,
			     .l4 = (uint8_t)l4,
			     .loopback = loopback,
			     .zones = (uint64_t)zones};
	return limit_unpack(limit, &ret->limit) &&
	       string_read(ret->role, sizeof(ret->role), role) &&
	       string_read(ret->service, sizeof(ret->service), service) &&
	       string_read(ret->origin, sizeof(ret->origin), origin) &&
	       string_read(ret->peers, sizeof(ret->peers), peers) &&
	       string_read(ret->sets, sizeof(ret->sets), sets);
}

/* Layout 1 has but the first two. */
static bool prefix_read(json_t *json, void *ret_prefix)
{
	struct prefix *ret = ret_prefix;
	struct cidr cidr;
	const char *text;
	json_int_t bits;
	int silent = 0;

	if (json_unpack(json, json_array_size(json) == 2 ? "[s, I]" : "[s, I, b !]", &text, &bits,
			&silent) ||
	    cidr_parse(text, &cidr, NULL))
		return false;
	*ret = (struct prefix){.length = cidr.length, .silent = silent, .bits = (uint64_t)bits};
	memcpy(ret->source, cidr.source, sizeof(ret->source));
	return true;
}

static bool never_ban_read(json_t *json, void *ret)
{
	return prefix_read(json, ret) && ((struct prefix *)ret)->bits <= RW_NEVER_BAN_GATEWAY;
}

/* An array of `max` elements at most, each of `size` bytes and read by `read`. */
struct array_reader {
	size_t size, max;
	bool (*read)(json_t *json, void *ret);
};

static const struct array_reader prefix_reader = {sizeof(struct prefix), RW_PREFIXES, prefix_read};

static int array_read(const json_t *json, const struct array_reader *reader, void *ret_pointer,
		      size_t *ret_count)
{
	size_t count = json_array_size(json);
	char *list;

	if (!json_is_array(json) || count > reader->max)
		return -EINVAL;
	list = calloc(count + 1, reader->size);
	if (!list)
		return -ENOMEM;
	/* At once the caller's, to be freed as far as it was read. */
	*(char **)ret_pointer = list;
	*ret_count = count;
	for (size_t i = 0; i < count; i++)
		if (!reader->read(json_array_get(json, i), list + i * reader->size))
			return -EINVAL;
	return 0;
}

static bool interface_read(json_t *json, void *ret)
{
	struct interface *interface = ret;
	json_t *prefixes;
	const char *name;
	int zone, accepts, if_used, hook = CHOICE_AUTO, shield = SHIELD_AUTO;
	json_int_t sets = 0;

	if (json_unpack(json, "{s:s, s:i, s:i, s:i, s?i, s?i, s?I, s:o !}", "name", &name, "zone",
			&zone, "accepts", &accepts, "if_used", &if_used, "hook", &hook, "shield",
			&shield, "sets", &sets, "prefixes", &prefixes) ||
	    !word_of(words_hooks, hook) || !word_of(words_shields, shield) || zone <= 0 ||
	    zone > UINT8_MAX || accepts & ~(RW_ACCEPTS_RA | RW_ACCEPTS_DHCP) || if_used & ~accepts)
		return false;
	interface->zone = (uint8_t)zone;
	interface->accepts = (uint8_t)accepts;
	interface->if_used = (uint8_t)if_used;
	interface->hook = (uint8_t)hook;
	interface->shield = (uint8_t)shield;
	interface->sets = (uint64_t)sets;
	return *name && string_read(interface->name, sizeof(interface->name), name) &&
	       !array_read(prefixes, &prefix_reader, &interface->prefixes,
			   &interface->prefix_count);
}

static bool copy_read(json_t *json, void *ret)
{
	char **copy = ret;

	*copy = json_is_string(json) ? strdup(json_string_value(json)) : NULL;
	return *copy;
}

static bool set_source_read(json_t *json, void *ret_source)
{
	struct set_source *ret = ret_source;
	struct cidr cidr;
	const char *text;
	int file, line, host;

	if (json_unpack(json, "[s, i, i, i !]", &text, &file, &line, &host) || file < 0 ||
	    file > UINT16_MAX || line < 0 || host < 0 || host > UINT16_MAX ||
	    cidr_parse(text, &cidr, NULL))
		return false;
	*ret = (struct set_source){.length = cidr.length,
				   .file = (uint16_t)file,
				   .host = (uint16_t)host,
				   .line = (uint32_t)line};
	memcpy(ret->source, cidr.source, sizeof(ret->source));
	return true;
}

static bool host_read(json_t *json, void *ret_host)
{
	struct set_host *ret = ret_host;
	const char *name;
	int file, line;

	if (json_unpack(json, "[s, i, i !]", &name, &file, &line) || !*name || file < 0 ||
	    file > UINT16_MAX || line < 0)
		return false;
	ret->name = strdup(name);
	ret->file = (uint16_t)file;
	ret->line = (uint32_t)line;
	return ret->name;
}

static bool on_read(json_t *json, void *ret)
{
	return json_is_string(json) && string_read(ret, 16, json_string_value(json));
}

static bool hosts_fit(const struct set *set)
{
	for (size_t i = 0; i < set->source_count; i++)
		if (set->sources[i].host > set->host_count)
			return false;
	return true;
}

static bool set_read(json_t *json, void *ret)
{
	static const struct array_reader on = {16, 1024, on_read},
					 hosts = {sizeof(struct set_host), RW_SET_SOURCES,
						  host_read},
					 sources = {sizeof(struct set_source), RW_SET_SOURCES,
						    set_source_read};
	json_t *on_json, *hosts_json, *sources_json;
	struct set *set = ret;
	const char *name;
	int has_on, never_ban;

	if (json_unpack(json, "{s:s, s:b, s:o, s:i, s:o, s:o !}", "name", &name, "has_on", &has_on,
			"on", &on_json, "never_ban", &never_ban, "hosts", &hosts_json, "sources",
			&sources_json) ||
	    never_ban < 0 || never_ban > RW_NEVER_BAN_LISTED)
		return false;
	set->has_on = has_on;
	set->never_ban = (uint8_t)never_ban;
	return string_read(set->name, sizeof(set->name), name) &&
	       !array_read(on_json, &on, &set->on, &set->on_count) &&
	       !array_read(hosts_json, &hosts, &set->hosts, &set->host_count) &&
	       !array_read(sources_json, &sources, &set->sources, &set->source_count) &&
	       hosts_fit(set);
}

static bool protocols_read(const json_t *json, uint8_t *ret)
{
	for (size_t i = 0; i < json_array_size(json); i++) {
		json_int_t protocol = json_integer_value(json_array_get(json, i));

		if (protocol < 0 || protocol > 255)
			return false;
		ret[protocol] = 1;
	}
	return json_is_array(json);
}

static bool switches_read(json_t *policy, struct tables *ret)
{
	const char *node, *profile;
	int flags, echo_rate, mode_given;
	json_t *protocols;

	if (json_unpack(policy, "{s:s, s:s, s:i, s:i, s:b, s:o}", "node", &node, "profile",
			&profile, "flags", &flags, "echo_rate", &echo_rate, "mode_given",
			&mode_given, "protocols", &protocols) ||
	    flags < 0 || flags > UINT8_MAX || echo_rate < 0 || echo_rate > UINT16_MAX)
		return false;
	ret->flags = (uint8_t)flags;
	ret->echo_rate = (uint16_t)echo_rate;
	ret->mode_given = mode_given;
	return string_read(ret->node, sizeof(ret->node), node) &&
	       string_read(ret->profile, sizeof(ret->profile), profile) &&
	       protocols_read(protocols, ret->protocols);
}

static int lists_read(const json_t *policy, struct tables *ret)
{
	static const struct array_reader roles = {sizeof(char *), RW_RULES, copy_read},
					 rules = {sizeof(struct rule), RW_RULES, rule_read},
					 never_ban = {sizeof(struct prefix), RW_NEVER_BANS,
						      never_ban_read},
					 interfaces = {sizeof(struct interface), RW_SLOTS - 1,
						       interface_read};
	int r = array_read(json_object_get(policy, "roles"), &roles, &ret->roles, &ret->role_count);

	if (!r)
		r = array_read(json_object_get(policy, "interfaces"), &interfaces, &ret->interfaces,
			       &ret->interface_count);
	if (!r)
		r = array_read(json_object_get(policy, "elsewhere"), &prefix_reader,
			       &ret->elsewhere, &ret->elsewhere_count);
	if (!r)
		r = array_read(json_object_get(policy, "never_ban"), &never_ban, &ret->never_ban,
			       &ret->never_ban_count);
	if (!r)
		r = array_read(json_object_get(policy, "rules"), &rules, &ret->rules,
			       &ret->rule_count);
	return r;
}

static bool files_fit(const struct tables *tables)
{
	for (size_t i = 0; i < tables->set_count; i++) {
		const struct set *set = &tables->sets[i];

		for (size_t k = 0; k < set->source_count; k++)
			if (set->sources[k].file >= tables->set_file_count)
				return false;
		for (size_t k = 0; k < set->host_count; k++)
			if (set->hosts[k].file >= tables->set_file_count)
				return false;
	}
	return true;
}

/* Layout 1 has none of it. */
static int sets_read(const json_t *policy, struct tables *ret)
{
	static const struct array_reader sets = {sizeof(struct set), RW_SETS, set_read},
					 files = {sizeof(char *), RW_SET_SOURCES, copy_read};
	const json_t *json = json_object_get(policy, "sets");
	int r;

	if (!json)
		return 0;
	ret->elsewhere_sets =
		(uint64_t)json_integer_value(json_object_get(policy, "elsewhere_sets"));
	r = array_read(json, &sets, &ret->sets, &ret->set_count);
	if (!r)
		r = array_read(json_object_get(policy, "set_files"), &files, &ret->set_files,
			       &ret->set_file_count);
	return r ? r : files_fit(ret) ? 0 : -EINVAL;
}

static int text_read(const json_t *policy, struct tables *ret)
{
	const json_t *text = json_object_get(policy, "text");

	if (!json_is_string(text))
		return -EINVAL;
	ret->text = strdup(json_string_value(text));
	ret->text_size = json_string_length(text);
	return ret->text ? 0 : -ENOMEM;
}

static int policy_read(json_t *policy, struct tables *ret)
{
	int r = switches_read(policy, ret) ? 0 : -EINVAL;

	if (!r)
		r = lists_read(policy, ret);
	if (!r)
		r = sets_read(policy, ret);
	if (!r)
		r = text_read(policy, ret);
	return r ? r : tables_add_ports(ret, NULL);
}

/* Whole, and of a layout that is known here? */
static int document_check(json_t *document, const char *file, json_t **ret, struct error *ret_error)
{
	const char *kind, *sum;
	char found[9];
	int layout;

	if (json_unpack(document, "{s:s, s:i, s:s, s:o !}", "rolewall", &kind, "layout", &layout,
			"crc32", &sum, "policy", ret) ||
	    strcmp(kind, COMPILED_KIND) != 0)
		return error_set(ret_error, EPROTO, "%s is no compiled policy", file);
	if (layout != COMPILED_LAYOUT && layout != 1)
		return error_set(ret_error, EINVAL,
				 "%s is of layout %d, which this version does not know", file,
				 layout);
	if (compiled_checksum(*ret, found))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (strcmp(sum, found) != 0)
		return error_set(ret_error, EINVAL, "%s is damaged: its checksum is wrong", file);
	return 0;
}

int compiled_read(const char *file, const char *text, size_t size, struct tables *ret,
		  struct error *ret_error)
{
	_cleanup_(tables_free) struct tables tables = {0};
	_json_ json_t *document = NULL;
	json_t *policy = NULL;
	json_error_t cause;
	int r;

	document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &cause);
	if (!document)
		return error_set(ret_error, EINVAL, "%s is damaged: %s", file, cause.text);
	r = document_check(document, file, &policy, ret_error);
	if (r)
		return r;
	r = policy_read(policy, &tables);
	if (r)
		return error_set(ret_error, -r, "%s: %s", file,
				 r == -ENOMEM ? "out of memory" : "a value in it makes no sense");
	*ret = tables;
	tables = (struct tables){0};
	return 0;
}

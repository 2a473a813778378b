/* SPDX-License-Identifier: GPL-2.0 */
/* compiled.c - struct tables to JSON and back. */
#include "tables/compiled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <zlib.h>

#include "policy/cidr.h"
#include "policy/rules.h"
#include "policy/words.h"
#include "tables/text.h"
#include "util/cleanup.h"

#define COMPILED_KIND	"compiled policy"
#define COMPILED_LAYOUT 2 /* 1 had no sets */

/* Each field is written and read here. Add a new one in both places. */
_Static_assert(sizeof(struct rule) == 656, "struct rule has changed: so has the compiled policy");
_Static_assert(sizeof(struct prefix) == 32, "struct prefix has changed");
_Static_assert(sizeof(struct interface) == 48, "struct interface has changed");
_Static_assert(sizeof(struct tables) == 728, "struct tables has changed");
_Static_assert(sizeof(struct set) == 104, "struct set has changed");
_Static_assert(sizeof(struct set_source) == 28, "struct set_source has changed");

static void json_free(json_t **json)
{
	json_decref(*json);
}
#define _json_ __attribute__((cleanup(json_free)))

/* --- writing ---------------------------------------------------------------------------------- */

/* An array of `count` elements, each written by `write`. NULL: out of memory. */
static json_t *array_write(const void *list, size_t count,
			   json_t *(*write)(const void *list, size_t index))
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(array, write(list, i))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *rule_write(const void *list, size_t index)
{
	const struct rule *rule = (const struct rule *)list + index;

	/* The version before knows neither "loopback" nor "sets": it can read a policy without. */
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:s, s:o*, s:o*}", "role", rule->role,
			 "service", rule->service, "origin", rule->origin, "port", rule->port,
			 "port_end", rule->port_end, "l4", rule->l4, "zones",
			 (json_int_t)rule->zones, "peers", rule->peers, "loopback",
			 rule->loopback ? json_true() : NULL, "sets",
			 rule->sets[0] ? json_string(rule->sets) : NULL);
}

static json_t *prefix_write(const void *list, size_t index)
{
	const struct prefix *prefix = (const struct prefix *)list + index;
	char text[CIDR_TEXT_MAX];

	cidr_format(prefix->source, prefix->length, text);
	return json_pack("[s, I, b]", text, (json_int_t)prefix->bits, prefix->silent);
}

static json_t *string_write(const void *list, size_t index)
{
	return json_string(((char *const *)list)[index]);
}

static json_t *set_source_write(const void *list, size_t index)
{
	const struct set_source *source = (const struct set_source *)list + index;
	char text[CIDR_TEXT_MAX];

	cidr_format(source->source, source->length, text);
	return json_pack("[s, i, i, i]", text, source->file, (int)source->line, source->host);
}

static json_t *on_write(const void *list, size_t index)
{
	return json_string(((const char(*)[16])list)[index]);
}

static json_t *set_write(const void *list, size_t index)
{
	const struct set *set = (const struct set *)list + index;

	return json_pack("{s:s, s:b, s:o, s:o, s:o}", "name", set->name, "has_on", set->has_on,
			 "on", array_write(set->on, set->on_count, on_write), "hosts",
			 array_write(set->hosts, set->host_count, string_write), "sources",
			 array_write(set->sources, set->source_count, set_source_write));
}

static json_t *interface_write(const void *list, size_t index)
{
	const struct interface *interface = (const struct interface *)list + index;

	/* The version before knows no "hook": it can read a policy that asks for none. */
	return json_pack("{s:s, s:i, s:i, s:i, s:o*, s:I, s:o}", "name", interface->name, "zone",
			 interface->zone, "accepts", interface->accepts, "if_used",
			 interface->if_used, "hook",
			 interface->hook ? json_integer(interface->hook) : NULL, "sets",
			 (json_int_t)interface->sets, "prefixes",
			 array_write(interface->prefixes, interface->prefix_count, prefix_write));
}

/* Numbers of those that are listed. */
static json_t *protocols_write(const struct tables *tables)
{
	json_t *array = json_array();

	for (int i = 0; i < 256; i++) {
		if (tables->protocols[i] && json_array_append_new(array, json_integer(i))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *policy_write(const struct tables *tables, uint8_t flags, const char *text)
{
	return json_pack(
		"{s:s, s:s, s:o, s:i, s:i, s:b, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:s}",
		"node", tables->node, "profile", tables->profile, "roles",
		array_write(tables->roles, tables->role_count, string_write), "flags", flags,
		"echo_rate", tables->echo_rate, "mode_given", tables->mode_given, "protocols",
		protocols_write(tables), "interfaces",
		array_write(tables->interfaces, tables->interface_count, interface_write),
		"elsewhere", array_write(tables->elsewhere, tables->elsewhere_count, prefix_write),
		"elsewhere_sets", (json_int_t)tables->elsewhere_sets, "sets",
		array_write(tables->sets, tables->set_count, set_write), "set_files",
		array_write(tables->set_files, tables->set_file_count, string_write), "never_ban",
		array_write(tables->never_ban, tables->never_ban_count, prefix_write), "rules",
		array_write(tables->rules, tables->rule_count, rule_write), "text", text);
}

static int checksum(const json_t *policy, char ret[9])
{
	_free_ char *text = json_dumps(policy, JSON_COMPACT);

	if (!text)
		return -ENOMEM;
	snprintf(ret, 9, "%08lx",
		 crc32(0, (const unsigned char *)text, (unsigned int)strlen(text)));
	return 0;
}

/* The node file, with as much to say as `flags`. */
static int text_write(const struct tables *tables, uint8_t flags, char **ret)
{
	_free_ char *text = strdup(tables->text ? tables->text : "");
	size_t size = tables->text ? tables->text_size : 0;
	int r = text ? 0 : -ENOMEM;

	if (!r && flags != tables->flags && size)
		r = text_agree(&text, &size, flags);
	if (!r)
		*ret = TAKE_PTR(text);
	return r;
}

int compiled_write(const struct tables *tables, uint8_t flags, char **ret_text, size_t *ret_size)
{
	_json_ json_t *policy = NULL, *document = NULL;
	_free_ char *node_file = NULL;
	char sum[9], *text;
	int r = text_write(tables, flags, &node_file);

	if (r)
		return r;
	policy = policy_write(tables, flags, node_file);
	if (!policy || checksum(policy, sum))
		return -ENOMEM;
	document = json_pack("{s:s, s:i, s:s, s:O}", "rolewall", COMPILED_KIND, "layout",
			     COMPILED_LAYOUT, "crc32", sum, "policy", policy);
	text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	if (!text)
		return -ENOMEM;
	*ret_size = strlen(text);
	*ret_text = text;
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool string_read(char *ret, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return false;
	memcpy(ret, text, length + 1);
	return true;
}

static bool rule_read(json_t *json, void *ret_rule)
{
	struct rule *ret = ret_rule;
	const char *role, *service, *origin, *peers, *sets = "";
	int port, port_end, l4, loopback = false;
	json_int_t zones;

	if (json_unpack(json, "{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:s, s?b, s?s !}", "role", &role,
			"service", &service, "origin", &origin, "port", &port, "port_end",
			&port_end, "l4", &l4, "zones", &zones, "peers", &peers, "loopback",
			&loopback, "sets", &sets))
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
	return string_read(ret->role, sizeof(ret->role), role) &&
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
	int zone, accepts, if_used, hook = CHOICE_AUTO;
	json_int_t sets = 0;

	if (json_unpack(json, "{s:s, s:i, s:i, s:i, s?i, s?I, s:o !}", "name", &name, "zone", &zone,
			"accepts", &accepts, "if_used", &if_used, "hook", &hook, "sets", &sets,
			"prefixes", &prefixes) ||
	    !word_of(words_hooks, hook) || zone <= 0 || zone > UINT8_MAX ||
	    accepts & ~(RW_ACCEPTS_RA | RW_ACCEPTS_DHCP) || if_used & ~accepts)
		return false;
	interface->zone = (uint8_t)zone;
	interface->accepts = (uint8_t)accepts;
	interface->if_used = (uint8_t)if_used;
	interface->hook = (uint8_t)hook;
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
					 hosts = {sizeof(char *), RW_SET_SOURCES, copy_read},
					 sources = {sizeof(struct set_source), RW_SET_SOURCES,
						    set_source_read};
	json_t *on_json, *hosts_json, *sources_json;
	struct set *set = ret;
	const char *name;
	int has_on;

	if (json_unpack(json, "{s:s, s:b, s:o, s:o, s:o !}", "name", &name, "has_on", &has_on, "on",
			&on_json, "hosts", &hosts_json, "sources", &sources_json))
		return false;
	set->has_on = has_on;
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
	for (size_t i = 0; i < tables->set_count; i++)
		for (size_t k = 0; k < tables->sets[i].source_count; k++)
			if (tables->sets[i].sources[k].file >= tables->set_file_count)
				return false;
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
	if (checksum(*ret, found))
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

/* SPDX-License-Identifier: GPL-2.0 */
/* compiled.c - struct tables to JSON and back. */
#include "policy/compiled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <zlib.h>

#include "policy/cidr.h"
#include "policy/rules.h"
#include "policy/text.h"
#include "util/cleanup.h"

#define COMPILED_KIND	"compiled policy"
#define COMPILED_LAYOUT 1

/* Each field is written and read here. Add a new one in both places. */
_Static_assert(sizeof(struct rule) == 488, "struct rule has changed: so has the compiled policy");
_Static_assert(sizeof(struct prefix) == 20, "struct prefix has changed");
_Static_assert(sizeof(struct interface) == 40, "struct interface has changed");
_Static_assert(sizeof(struct tables) == 688, "struct tables has changed");

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

	/* The version before knows no "loopback": it can read a policy without one. */
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:s, s:o*}", "role", rule->role,
			 "service", rule->service, "origin", rule->origin, "port", rule->port,
			 "port_end", rule->port_end, "l4", rule->l4, "zones",
			 (json_int_t)rule->zones, "peers", rule->peers, "loopback",
			 rule->loopback ? json_true() : NULL);
}

static json_t *prefix_write(const void *list, size_t index)
{
	const struct prefix *prefix = (const struct prefix *)list + index;
	char text[CIDR_TEXT_MAX];

	cidr_format(prefix->source, prefix->length, text);
	return json_pack("[s, I]", text, (json_int_t)prefix->bits);
}

static json_t *interface_write(const void *list, size_t index)
{
	const struct interface *interface = (const struct interface *)list + index;

	return json_pack("{s:s, s:i, s:i, s:i, s:o}", "name", interface->name, "zone",
			 interface->zone, "accepts", interface->accepts, "if_used",
			 interface->if_used, "prefixes",
			 array_write(interface->prefixes, interface->prefix_count, prefix_write));
}

static json_t *role_write(const void *list, size_t index)
{
	return json_string(((char *const *)list)[index]);
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
		"{s:s, s:s, s:o, s:i, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:s}", "node",
		tables->node, "profile", tables->profile, "roles",
		array_write(tables->roles, tables->role_count, role_write), "flags", flags,
		"echo_rate", tables->echo_rate, "mode_given", tables->mode_given, "protocols",
		protocols_write(tables), "interfaces",
		array_write(tables->interfaces, tables->interface_count, interface_write),
		"elsewhere", array_write(tables->elsewhere, tables->elsewhere_count, prefix_write),
		"never_ban", array_write(tables->never_ban, tables->never_ban_count, prefix_write),
		"rules", array_write(tables->rules, tables->rule_count, rule_write), "text", text);
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
	const char *role, *service, *origin, *peers;
	int port, port_end, l4, loopback = false;
	json_int_t zones;

	if (json_unpack(json, "{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:s, s?b !}", "role", &role,
			"service", &service, "origin", &origin, "port", &port, "port_end",
			&port_end, "l4", &l4, "zones", &zones, "peers", &peers, "loopback",
			&loopback))
		return false;
	if (loopback && zones != RW_ZONE_NOBODY)
		return false;
	if (port < 0 || port_end < port || port_end > 65535 ||
	    (l4 != RW_L4_TCP && l4 != RW_L4_UDP) || zones <= 0 || zones > UINT16_MAX)
		return false;
	*ret = (struct rule){.port = (uint16_t)port,
			     .port_end = (uint16_t)port_end,
			     .l4 = (uint8_t)l4,
			     .loopback = loopback,
			     .zones = (uint16_t)zones};
	return string_read(ret->role, sizeof(ret->role), role) &&
	       string_read(ret->service, sizeof(ret->service), service) &&
	       string_read(ret->origin, sizeof(ret->origin), origin) &&
	       string_read(ret->peers, sizeof(ret->peers), peers);
}

static bool never_ban_read(json_t *json, void *ret_prefix)
{
	struct prefix *ret = ret_prefix;
	struct cidr cidr;
	const char *text;
	json_int_t bits;

	if (json_unpack(json, "[s, I !]", &text, &bits) || bits < 0 || bits > UINT16_MAX ||
	    cidr_parse(text, &cidr, NULL))
		return false;
	*ret = (struct prefix){.length = cidr.length, .bits = (uint16_t)bits};
	memcpy(ret->source, cidr.source, sizeof(ret->source));
	return true;
}

/* Each has a zone. */
static bool prefix_read(json_t *json, void *ret)
{
	return never_ban_read(json, ret) && ((struct prefix *)ret)->bits;
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
	int zone, accepts, if_used;

	if (json_unpack(json, "{s:s, s:i, s:i, s:i, s:o !}", "name", &name, "zone", &zone,
			"accepts", &accepts, "if_used", &if_used, "prefixes", &prefixes) ||
	    zone <= 0 || zone > UINT8_MAX || accepts & ~(RW_ACCEPTS_RA | RW_ACCEPTS_DHCP) ||
	    if_used & ~accepts)
		return false;
	interface->zone = (uint8_t)zone;
	interface->accepts = (uint8_t)accepts;
	interface->if_used = (uint8_t)if_used;
	return *name && string_read(interface->name, sizeof(interface->name), name) &&
	       !array_read(prefixes, &prefix_reader, &interface->prefixes,
			   &interface->prefix_count);
}

static bool role_read(json_t *json, void *ret)
{
	char **role = ret;

	*role = json_is_string(json) ? strdup(json_string_value(json)) : NULL;
	return *role;
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
	static const struct array_reader roles = {sizeof(char *), RW_RULES, role_read},
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
	if (layout != COMPILED_LAYOUT)
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

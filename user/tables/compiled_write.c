/* SPDX-License-Identifier: GPL-2.0 */
/* compiled_write.c - struct tables to JSON. */
#include "tables/compiled.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "policy/cidr.h"
#include "tables/compiled_form.h"
#include "tables/text.h"
#include "util/cleanup.h"

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

static json_t *limit_write(const struct limit *limit)
{
	if (!limit->count)
		return NULL;
	return json_pack("[I, i, i, i, i, I]", (json_int_t)limit->count, limit->seconds,
			 limit->burst, limit->ipv4_bits, limit->ipv6_bits, (json_int_t)limit->ban);
}

static json_t *rule_write(const void *list, size_t index)
{
	const struct rule *rule = (const struct rule *)list + index;

	/* Versions before know no "loopback", "sets", "limit": they can read a policy without. */
	return json_pack(
		"{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:s, s:o*, s:o*, s:o*}", "role", rule->role,
		"service", rule->service, "origin", rule->origin, "port", rule->port, "port_end",
		rule->port_end, "l4", rule->l4, "zones", (json_int_t)rule->zones, "peers",
		rule->peers, "loopback", rule->loopback ? json_true() : NULL, "sets",
		rule->sets[0] ? json_string(rule->sets) : NULL, "limit", limit_write(&rule->limit));
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

static json_t *host_write(const void *list, size_t index)
{
	const struct set_host *host = (const struct set_host *)list + index;

	return json_pack("[s, i, i]", host->name, host->file, (int)host->line);
}

static json_t *set_write(const void *list, size_t index)
{
	const struct set *set = (const struct set *)list + index;

	return json_pack("{s:s, s:b, s:o, s:i, s:o, s:o}", "name", set->name, "has_on", set->has_on,
			 "on", array_write(set->on, set->on_count, on_write), "never_ban",
			 set->never_ban, "hosts",
			 array_write(set->hosts, set->host_count, host_write), "sources",
			 array_write(set->sources, set->source_count, set_source_write));
}

static json_t *interface_write(const void *list, size_t index)
{
	const struct interface *interface = (const struct interface *)list + index;

	/* The version before knows no "hook" and no "shield": it can read a policy
	 * that asks for neither. */
	return json_pack("{s:s, s:i, s:i, s:i, s:o*, s:o*, s:I, s:o}", "name", interface->name,
			 "zone", interface->zone, "accepts", interface->accepts, "if_used",
			 interface->if_used, "hook",
			 interface->hook ? json_integer(interface->hook) : NULL, "shield",
			 interface->shield ? json_integer(interface->shield) : NULL, "sets",
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

/* The text comes last: compiled_is_of() looks for it there. */
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

static void checksum_format(const char *text, char ret[9])
{
	snprintf(ret, 9, "%08lx",
		 crc32(0, (const unsigned char *)text, (unsigned int)strlen(text)));
}

int compiled_checksum(const json_t *policy, char ret[9])
{
	_free_ char *text = json_dumps(policy, JSON_COMPACT);

	if (!text)
		return -ENOMEM;
	checksum_format(text, ret);
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

int compiled_is_of(const char *compiled, size_t size, const char *text)
{
	_json_ json_t *last = json_pack("{s:s}", "text", text);
	_free_ char *tail = last ? json_dumps(last, JSON_COMPACT) : NULL;
	size_t length = tail ? strlen(tail) : 0;

	if (!tail)
		return -ENOMEM;
	tail[0] = ','; /* what is before it, and "}" of the document behind it */
	return size > length && compiled[size - 1] == '}' &&
	       !memcmp(compiled + size - 1 - length, tail, length);
}

int compiled_write(const struct tables *tables, uint8_t flags, char **ret_text, size_t *ret_size)
{
	_free_ char *node_file = NULL, *text = NULL, *document = NULL;
	_json_ json_t *policy = NULL;
	char sum[9];
	int r = text_write(tables, flags, &node_file);

	if (r)
		return r;
	policy = policy_write(tables, flags, node_file);
	text = policy ? json_dumps(policy, JSON_COMPACT) : NULL;
	if (!text)
		return -ENOMEM;
	checksum_format(text, sum);
	/* As jansson would write it compactly, without writing the policy twice. */
	r = asprintf(&document,
		     "{\"rolewall\":\"%s\",\"layout\":%d,\"crc32\":\"%s\",\"policy\":%s}",
		     COMPILED_KIND, COMPILED_LAYOUT, sum, text);
	if (r < 0) {
		document = NULL; /* asprintf() leaves it undefined */
		return -ENOMEM;
	}
	*ret_size = r;
	*ret_text = TAKE_PTR(document);
	return 0;
}

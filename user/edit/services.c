/* SPDX-License-Identifier: GPL-2.0 */
/* services.c - what allow and deny write into a node file. */
#include "edit/services.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rolewall/abi.h>

#include "policy/cidr.h"
#include "policy/words.h"
#include "util/cleanup.h"

/* As JSON, quotes and all. Owned by the caller; NULL: no memory, or no UTF-8. */
static char *quote(const char *string)
{
	json_t *json = json_string(string);
	char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	json_decref(json);
	return quoted;
}

static int quote_failed(const char *string)
{
	json_t *json = json_string(string);
	int r = json ? -ENOMEM : -EINVAL;

	json_decref(json);
	return r;
}

/* --- lists of strings ------------------------------------------------------------------------- */

static bool is_same_source(const char *a, const char *b)
{
	struct cidr left, right;

	if (!strcmp(a, b))
		return true;
	return !cidr_parse(a, &left, NULL) && !cidr_parse(b, &right, NULL) &&
	       !cidr_compare(&left, &right);
}

bool sources_have(const char *const *sources, size_t count, const char *source)
{
	for (size_t i = 0; i < count; i++)
		if (is_same_source(sources[i], source))
			return true;
	return false;
}

static uint32_t list_find(const struct edit *edit, uint32_t list, const char *string)
{
	uint32_t at = list == PLACE_NONE ? PLACE_NONE : edit->places[list].first;

	for (; at != PLACE_NONE; at = edit->places[at].next) {
		_free_ char *found = edit_string(edit, at);

		if (found && is_same_source(found, string))
			return at;
	}
	return PLACE_NONE;
}

static void strings_free(char ***strings)
{
	for (char **string = *strings; string && *string; string++)
		free(*string);
	free(*strings);
}

/* Each quoted. Owned by the caller. */
static int strings_quote(const char *const *strings, size_t count, char ***ret)
{
	_cleanup_(strings_free) char **quoted = calloc(count + 1, sizeof(*quoted));

	if (!quoted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		quoted[i] = quote(strings[i]);
		if (!quoted[i])
			return quote_failed(strings[i]);
	}
	*ret = TAKE_PTR(quoted);
	return 0;
}

/* A list on one line. Owned by the caller. */
static int list_compose(const struct edit *edit, const char *const *strings, size_t count,
			char **ret)
{
	_cleanup_(strings_free) char **quoted = NULL;
	int r = strings_quote(strings, count, &quoted);

	if (r < 0)
		return r;
	*ret = edit_compose(edit, PLACE_NONE, NULL, (const char *const *)quoted, count);
	return *ret ? 0 : -ENOMEM;
}

/* Of a list of the root that empties: the list itself. */
static int root_item_remove(struct edit *edit, uint32_t place)
{
	uint32_t list = edit->places[place].parent;

	return edit_remove(edit,
			   edit->places[list].first == edit->places[list].last ? list : place);
}

/* --- services --------------------------------------------------------------------------------- */

static uint32_t service_place(const struct edit *edit, size_t index)
{
	uint32_t list = edit_find(edit, 0, "services");
	uint32_t at = list == PLACE_NONE ? PLACE_NONE : edit->places[list].first;

	while (at != PLACE_NONE && index--)
		at = edit->places[at].next;
	return at;
}

static uint32_t service_member(const struct edit *edit, size_t index, const char *key)
{
	return edit_find(edit, service_place(edit, index), key);
}

static int proto_compose(const struct edit *edit, uint8_t l4s, char **ret)
{
	const char *const words[] = {word_of(words_l4, RW_L4_TCP), word_of(words_l4, RW_L4_UDP)};

	if (l4s == (1 << RW_L4_TCP | 1 << RW_L4_UDP))
		return list_compose(edit, words, 2, ret);
	*ret = quote(words[!(l4s & (1 << RW_L4_TCP))]);
	return *ret ? 0 : -ENOMEM;
}

enum { NAME, PROTO, PORT, FROM, ABOUT, MEMBERS };

static int service_compose(const struct edit *edit, const struct service_text *service, char **ret)
{
	static const char *const keys[] = {
		[NAME] = "\"name\"", [PROTO] = "\"proto\"", [PORT] = "\"port\"",
		[FROM] = "\"from\"", [ABOUT] = "\"about\"",
	};
	const char *const plain[] = {service->name, service->about ? service->about : ""};
	_cleanup_(strings_free) char **quoted = NULL;
	_free_ char *from = NULL, *proto = NULL;
	const char *values[MEMBERS];
	char port[16];
	int r = strings_quote(plain, 2, &quoted);

	if (r == 0)
		r = proto_compose(edit, service->l4s, &proto);
	if (r == 0)
		r = list_compose(edit, service->sources, service->source_count, &from);
	if (r < 0)
		return r;
	snprintf(port, sizeof(port), service->port == service->port_end ? "%u" : "\"%u-%u\"",
		 service->port, service->port_end);
	values[NAME] = quoted[0];
	values[PROTO] = proto;
	values[PORT] = port;
	values[FROM] = from;
	values[ABOUT] = quoted[1];
	*ret = edit_compose(edit, edit_find(edit, 0, "services"), keys, values,
			    service->about ? MEMBERS : ABOUT);
	return *ret ? 0 : -ENOMEM;
}

int services_add(struct edit *edit, const struct service_text *service)
{
	uint32_t list = edit_find(edit, 0, "services");
	_free_ char *text = NULL, *listed = NULL;
	int r = service_compose(edit, service, &text);

	if (r < 0)
		return r;
	if (list != PLACE_NONE)
		return edit_append(edit, list, NULL, text);
	listed = edit_compose_root_list(edit, text, true);
	return listed ? edit_append(edit, 0, "\"services\"", listed) : -ENOMEM;
}

int services_remove(struct edit *edit, size_t index)
{
	return root_item_remove(edit, service_place(edit, index));
}

int service_set(struct edit *edit, size_t index, const char *key, const char *string)
{
	uint32_t at = service_member(edit, index, key);
	_free_ char *value = quote(string), *quoted_key = quote(key);

	if (!value || !quoted_key)
		return quote_failed(string);
	if (at != PLACE_NONE)
		return edit_replace(edit, at, NULL, value);
	return edit_append(edit, service_place(edit, index), quoted_key, value);
}

bool service_has_source(const struct edit *edit, size_t index, const char *source)
{
	return list_find(edit, service_member(edit, index, "from"), source) != PLACE_NONE;
}

size_t service_source_count(const struct edit *edit, size_t index)
{
	const struct place *list = &edit->places[service_member(edit, index, "from")];

	return list->last == PLACE_NONE ? 0 : edit->places[list->last].index + 1;
}

int service_add_source(struct edit *edit, size_t index, const char *source)
{
	_free_ char *value = quote(source);

	if (!value)
		return quote_failed(source);
	return edit_append(edit, service_member(edit, index, "from"), NULL, value);
}

int service_remove_source(struct edit *edit, size_t index, const char *source)
{
	return edit_remove(edit, list_find(edit, service_member(edit, index, "from"), source));
}

int service_list_sources(struct edit *edit, size_t index, const char *const *sources, size_t count)
{
	_free_ char *list = NULL;
	int r = list_compose(edit, sources, count, &list);

	return r < 0 ? r
		     : edit_replace(edit, service_member(edit, index, "table"), "\"from\"", list);
}

/* --- vpn_only --------------------------------------------------------------------------------- */

bool vpn_only_has(const struct edit *edit, const char *name)
{
	return list_find(edit, edit_find(edit, 0, "vpn_only"), name) != PLACE_NONE;
}

int vpn_only_add(struct edit *edit, const char *name)
{
	uint32_t list = edit_find(edit, 0, "vpn_only");
	_free_ char *value = quote(name), *listed = NULL;

	if (!value)
		return quote_failed(name);
	if (list != PLACE_NONE)
		return edit_append(edit, list, NULL, value);
	listed = edit_compose_root_list(edit, value, false);
	return listed ? edit_append(edit, 0, "\"vpn_only\"", listed) : -ENOMEM;
}

int vpn_only_remove(struct edit *edit, const char *name)
{
	return root_item_remove(edit, list_find(edit, edit_find(edit, 0, "vpn_only"), name));
}

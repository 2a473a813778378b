/* SPDX-License-Identifier: GPL-2.0 */
/* resolved.c - addresses of the hosts in sets. */
#include "policy/resolved.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/array.h"

static json_t *addresses_find(const json_t *names, const char *name)
{
	char lower[256] = "";

	for (size_t i = 0; i < sizeof(lower) - 1 && name[i]; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return json_object_get(json_object_get(names, lower), "addresses");
}

static int address_add(const struct document *document, const json_t *json, struct set_model *set,
		       const struct host_model *host, struct error *ret_error)
{
	const char *text = json_string_value(json);
	struct source_model *source;
	struct cidr cidr;

	if (!text || cidr_parse(text, &cidr, NULL) || cidr.length != 128)
		return error_set(ret_error, EINVAL, "%s is damaged: an address of %s is none",
				 document->file, host->name);
	source = array_append(&set->sources.list, &set->sources.count, sizeof(*source));
	if (!source)
		return error_set(ret_error, ENOMEM, "out of memory");
	*source = (struct source_model){host->at, cidr, 0};
	return 0;
}

static int set_resolve(const struct document *document, struct set_model *set,
		       struct error *ret_error)
{
	const json_t *names = json_object_get(document->root, "names");
	int r = 0;

	for (size_t i = 0; i < set->host_count; i++) {
		struct host_model *host = &set->hosts[i];
		const json_t *addresses = addresses_find(names, host->name);
		size_t index;
		json_t *json;

		host->first = set->sources.count;
		json_array_foreach (addresses, index, json)
			r = r < 0 ? r : address_add(document, json, set, host, ret_error);
		if (r < 0)
			return r;
		host->count = set->sources.count - host->first;
	}
	return 0;
}

static bool has_hosts(const struct set_list *sets)
{
	for (size_t i = 0; i < sets->count; i++)
		if (sets->list[i].host_count)
			return true;
	return false;
}

int resolved_read(const char *directory, struct set_list *sets, struct error *ret_error)
{
	struct document *document = NULL;
	char file[PATH_MAX];
	int r;

	if (!directory || !has_hosts(sets))
		return 0;
	if (snprintf(file, sizeof(file), "%s/" RESOLVED_FILE, directory) >= (int)sizeof(file))
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 file);
	if (access(file, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = document_read(file, &document, ret_error);
	for (size_t i = 0; r == 0 && i < sets->count; i++)
		r = set_resolve(document, &sets->list[i], ret_error);
	if (r < 0)
		error_hint(ret_error, "the daemon makes it anew once it is gone");
	document_free(document);
	return r;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* set.c - sets of sources, as files have them. */
#include "policy/set.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/names.h"
#include "policy/prefix_file.h"
#include "policy/sources.h"
#include "util/array.h"

struct set_reader {
	struct set_list *sets;
	struct set_model *set;
};

/* --- one source ------------------------------------------------------------------------------- */

/* `file` is named from where the file stands that names it. */
static int file_path(const struct value *value, const char *file, char *ret, size_t size,
		     struct error *ret_error)
{
	const char *base = value->at.document->file, *slash = strrchr(base, '/');
	int directory = file[0] != '/' && slash ? (int)(slash - base) + 1 : 0;

	if (!*file)
		return error_at(ret_error, &value->at, "\"" MODEL_FILE "\" names no file");
	if (snprintf(ret, size, "%.*s%s", directory, base, file) >= (int)size)
		return error_at(ret_error, &value->at, "the path \"%.200s...\" is too long", ret);
	return 0;
}

static int file_add(const struct value *value, const char *file, struct set_reader *reader,
		    struct error *ret_error)
{
	struct set_list *sets = reader->sets;
	struct document *document = NULL, **kept;
	char path[PATH_MAX];
	int r = file_path(value, file, path, sizeof(path), ret_error);

	if (r < 0)
		return r;
	r = prefix_file_read(path, &document, &reader->set->sources, ret_error);
	if (r < 0 && ret_error && !ret_error->where[0])
		error_place(ret_error, &value->at);
	if (!document)
		return r;
	kept = array_append(&sets->files, &sets->file_count, sizeof(*kept));
	if (kept) {
		*kept = document;
		return r;
	}
	document_free(document);
	return error_set(ret_error, ENOMEM, "out of memory");
}

#define HOST_LABEL_MAX 63 /* RFC 1035, 2.3.4 */
#define HOST_TEXT_MAX  253

/* Letters, digits, "-" and "_", as is_node_name() has them; what can be asked for (RFC 1035, 2.3.1). */
static bool is_host_name(const char *name)
{
	if (!is_node_name(name) || strlen(name) > HOST_TEXT_MAX)
		return false;
	while (*name) {
		size_t length = strcspn(name, ".");

		if (!length || length > HOST_LABEL_MAX || name[0] == '-' || name[length - 1] == '-')
			return false;
		name += length + (name[length] == '.');
	}
	return true;
}

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::1", and what a resolver would take for one: "10.1" */
static bool is_address(const char *name)
{
	return !name[strspn(name, "0123456789./")] || strchr(name, ':');
}

static int host_check(const struct value *value, const char *name, struct error *ret_error)
{
	if (is_address(name)) {
		error_at(ret_error, &value->at, "\"%.80s\" is an address, not the name of a host",
			 name);
		error_hint(ret_error, "write it without \"" MODEL_HOST "\"");
		return -EINVAL;
	}
	if (is_host_name(name))
		return 0;
	error_at(ret_error, &value->at, "a host cannot be called \"%.80s\"", name);
	error_hint(ret_error,
		   "it is a name like gw.example.net: parts of at most %d letters, digits, "
		   "\"-\" and \"_\" between the dots",
		   HOST_LABEL_MAX);
	return -EINVAL;
}

static int host_add(const struct value *value, const char *name, struct set_model *set,
		    struct error *ret_error)
{
	struct host_model *host;
	int r = host_check(value, name, ret_error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < set->host_count; i++)
		if (!strcasecmp(set->hosts[i].name, name))
			return error_at(ret_error, &value->at, "this host is listed twice");
	if (set->host_count >= MODEL_NAMES_MAX)
		return error_at(ret_error, &value->at, "there are more than %d hosts in this set",
				MODEL_NAMES_MAX);
	host = array_append(&set->hosts, &set->host_count, sizeof(*host));
	if (!host)
		return error_set(ret_error, ENOMEM, "out of memory");
	*host = (struct host_model){.at = value->at, .name = name};
	return 0;
}

static int set_source_read(const struct value *value, void *into, struct error *ret_error)
{
	struct set_reader *reader = into;
	const char *text;
	int r = value_get_string(value, "the source", &text, ret_error);

	if (r < 0)
		return r;
	if (!strncmp(text, MODEL_FILE, strlen(MODEL_FILE)))
		return file_add(value, text + strlen(MODEL_FILE), reader, ret_error);
	if (!strncmp(text, MODEL_HOST, strlen(MODEL_HOST)))
		return host_add(value, text + strlen(MODEL_HOST), reader->set, ret_error);
	if (is_set_word(text)) {
		r = error_at(ret_error, &value->at, "\"%.80s\" is no IP address or prefix", text);
		error_hint(ret_error,
			   "a host is written \"" MODEL_HOST "%.200s\", a file of "
			   "prefixes \"" MODEL_FILE "%.200s\"",
			   text, text);
		return r;
	}
	return source_read(value, 0, &reader->set->sources, ret_error);
}

static int set_sources_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "a list of sources", set_source_read, into, ret_error);
}

/* --- one set ---------------------------------------------------------------------------------- */

static int on_item_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct name_words words = {"\"on\"", "the name of an interface",
						"the interface"};
	struct set_model *set = ((struct set_reader *)into)->set;
	struct name_list names = {&set->on, &set->on_count, &words};
	struct name_model name = {.at = value->at};
	const char *text;
	int r = value_get_string(value, words.item, &text, ret_error);

	if (r < 0)
		return r;
	if (strlen(text) >= IFNAMSIZ)
		return error_at(ret_error, &value->at,
				"\"%.80s\" is no interface: a name has at most %d characters", text,
				IFNAMSIZ - 1);
	snprintf(name.name, sizeof(name.name), "%s", text);
	return name_add(&names, value, &name, ret_error);
}

static int on_read(const struct value *value, void *into, struct error *ret_error)
{
	((struct set_reader *)into)->set->has_on = true;
	return value_read_items(value, "\"on\"", on_item_read, into, ret_error);
}

static int about_read(const struct value *value, void *into, struct error *ret_error)
{
	const char *text;

	return value_get_string(value, "the description", &text, ret_error);
}

static const struct field set_fields[] = {
	{"sources", set_sources_read, true},
	{"on", on_read, false},
	{"about", about_read, false},
	{NULL, NULL, false},
};

/* Words that mean something else where the name of a set can stand, or where it is shown. */
static bool is_taken(const char *name)
{
	static const char *const taken[] = {"external", "internal", "vpn", "management",
					    "peers",	"none",	    "any", "all"};

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (!strcmp(taken[i], name))
			return true;
	return false;
}

static int set_name_check(const char *name, const struct at *at, struct error *ret_error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	int r;

	if (is_taken(name))
		return error_at(ret_error, at, "a set cannot be called \"%s\": the word is taken",
				name);
	if (name[0] >= 'a' && name[0] <= 'z' && !name[strspn(name, allowed)] &&
	    strlen(name) < TABLES_SET_MAX)
		return 0;
	r = error_at(ret_error, at, "a set cannot be called \"%.80s\"", name);
	error_hint(ret_error,
		   "use up to %d lower-case letters, digits, \".\" and \"-\", and begin "
		   "with a letter",
		   TABLES_SET_MAX - 1);
	return r;
}

int set_append(struct set_list *sets, const struct at *at, struct set_model **ret,
	       struct error *ret_error)
{
	int r;

	if (sets->count >= RW_SETS) {
		r = error_at(ret_error, at, "there are more than %d sets", RW_SETS);
		error_hint(ret_error, "prefixes in \"from\" are a set, too, once for each "
				      "combination; give those that belong together one name");
		return r;
	}
	*ret = array_append(&sets->list, &sets->count, sizeof(**ret));
	return *ret ? 0 : error_set(ret_error, ENOMEM, "out of memory");
}

static int set_read(const char *key, const struct value *value, void *into, struct error *ret_error)
{
	struct set_list *sets = into;
	struct set_reader reader = {.sets = sets};
	struct at at = at_key(&value->at);
	int r = set_name_check(key, &at, ret_error);

	if (r < 0)
		return r;
	r = set_append(sets, &at, &reader.set, ret_error);
	if (r < 0)
		return r;
	reader.set->at = at;
	snprintf(reader.set->name, sizeof(reader.set->name), "%s", key);
	if (!json_is_object(value->json))
		return set_sources_read(value, &reader, ret_error);
	return value_read_fields(value, "a set", set_fields, &reader, ret_error);
}

/* --- all of them ------------------------------------------------------------------------------ */

int sets_read(const struct value *value, struct set_list *into, struct error *ret_error)
{
	return value_read_members(value, "\"sets\"", set_read, into, ret_error);
}

void sets_free(struct set_list *sets)
{
	for (size_t i = 0; i < sets->count; i++) {
		free(sets->list[i].sources.list);
		free(sets->list[i].hosts);
		free(sets->list[i].on);
	}
	for (size_t i = 0; i < sets->file_count; i++)
		document_free(sets->files[i]);
	free(sets->list);
	free(sets->files);
	*sets = (struct set_list){0};
}

const struct set_model *set_find(const struct set_list *sets, const char *name)
{
	for (size_t i = 0; i < sets->count; i++)
		if (!strcmp(sets->list[i].name, name))
			return &sets->list[i];
	return NULL;
}

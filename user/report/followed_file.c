/* SPDX-License-Identifier: GPL-2.0 */
/* followed_file.c - what names stand for, on disk. */
#include "report/followed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "policy/cidr.h"
#include "policy/resolved.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/json_clean.h"

#define FILE_MAX  (64 << 20)
#define KEPT_FOR  (7 * 86400) /* seconds: a name that is wanted no more may be again */
#define PATH_TEXT 4096

static int path_make(const char *directory, char ret[PATH_TEXT], struct error *ret_error)
{
	if (snprintf(ret, PATH_TEXT, "%s/" RESOLVED_FILE, directory) >= PATH_TEXT)
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 ret);
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool addresses_read(const json_t *json, struct followed *name)
{
	size_t count = json_array_size(json);
	_free_ uint8_t(*list)[16] = calloc(count + 1, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		const char *text = json_string_value(json_array_get(json, i));
		struct cidr cidr;

		if (!text || cidr_parse(text, &cidr, NULL) || cidr.length != 128)
			return false;
		memcpy(list[i], cidr.source, sizeof(list[i]));
	}
	return list && json_is_array(json) &&
	       !followed_set(name, (const uint8_t(*)[16])list, count);
}

static bool name_read(const char *key, json_t *json, struct followed_list *names)
{
	struct followed *name;
	const char *trouble = json_string_value(json_object_get(json, "trouble"));
	json_int_t answered = 0, since = 0;
	json_t *addresses;

	/* The daemon's own keys may be missing: it makes them anew. */
	if (!*key || strlen(key) >= sizeof(name->name) ||
	    json_unpack(json, "{s:o, s?I, s?I}", "addresses", &addresses, "answered", &answered,
			"since", &since))
		return false;
	name = followed_get(names, key);
	if (!name || !addresses_read(addresses, name))
		return false;
	name->answered = answered;
	name->since = since;
	name->wanted = json_is_true(json_object_get(json, "wanted"));
	snprintf(name->trouble, sizeof(name->trouble), "%s", trouble ? trouble : "");
	return true;
}

static bool names_read(json_t *document, struct followed_list *names)
{
	json_t *list = json_object_get(document, "names"), *json;
	const char *waiting = json_string_value(json_object_get(document, "waiting")), *key;

	snprintf(names->waiting, sizeof(names->waiting), "%s", waiting ? waiting : "");
	json_object_foreach (list, key, json)
		if (!name_read(key, json, names))
			return false;
	return json_is_object(list);
}

int followed_read(const char *directory, struct followed_list *ret, struct error *ret_error)
{
	_cleanup_(followed_list_free) struct followed_list names = {0};
	_free_ char *text = NULL;
	char path[PATH_TEXT];
	json_t *document;
	size_t size;
	bool good;
	int r = path_make(directory, path, ret_error);

	if (!r)
		r = file_read(path, FILE_MAX, &text, &size, ret_error);
	if (r)
		return r;
	document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	good = names_read(document, &names);
	json_decref(document);
	if (!good)
		return error_set(ret_error, EINVAL, "%s is damaged", path);
	*ret = names;
	names = (struct followed_list){0};
	return 0;
}

int followed_look(const struct instance *instance, struct followed_list *ret,
		  struct error *ret_error)
{
	int r = followed_read(instance->state_dir, ret, ret_error);

	if (r == -ENOENT && instance->lib_dir)
		r = followed_read(instance->lib_dir, ret, ret_error);
	return r == -ENOENT ? 0 : r;
}

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *addresses_write(const struct followed *name)
{
	json_t *list = json_array();

	for (size_t i = 0; i < name->count; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(name->addresses[i], 128, text);
		if (json_array_append_new(list, json_string(text))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool is_kept(const struct followed *name, int64_t newest)
{
	return name->wanted || name->answered + KEPT_FOR > newest;
}

static json_t *names_write(const struct followed_list *names)
{
	json_t *object = json_object();
	int64_t newest = 0;

	for (size_t i = 0; i < names->count; i++)
		if (names->list[i].answered > newest)
			newest = names->list[i].answered;
	for (size_t i = 0; i < names->count; i++) {
		const struct followed *name = &names->list[i];
		json_t *json;

		if (!is_kept(name, newest))
			continue;
		json = json_pack("{s:o, s:I, s:o, s:I, s:b}", "addresses", addresses_write(name),
				 "answered", (json_int_t)name->answered, "trouble",
				 json_clean(name->trouble), "since", (json_int_t)name->since,
				 "wanted", name->wanted);
		if (json_object_set_new(object, name->name, json)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

int followed_write(const char *directory, const struct followed_list *names,
		   struct error *ret_error)
{
	json_t *document = json_pack("{s:i, s:o, s:o}", "version", 1, "waiting",
				     json_clean(names->waiting), "names", names_write(names));
	_free_ char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
	char path[PATH_TEXT];
	int r = path_make(directory, path, ret_error);

	json_decref(document);
	if (!text)
		return error_set(ret_error, ENOMEM, "out of memory");
	return r ? r : file_write_durably(path, text, strlen(text), 0640, ret_error);
}

void followed_forget(const char *directory)
{
	char path[PATH_TEXT];

	if (!path_make(directory, path, NULL))
		unlink(path);
}

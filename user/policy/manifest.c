/* SPDX-License-Identifier: GPL-2.0 */
/* manifest.c - profile.json. */
#include "policy/manifest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/array.h"

/* --- clues ------------------------------------------------------------------------------------ */

static int clue_add(struct clues *clues, const struct value *value, enum clue_kind kind,
		    struct error *ret_error)
{
	struct clue *clue;
	const char *text;
	int r = value_get_string(value, "what it is recognised by", &text, ret_error);

	if (r < 0)
		return r;
	if (!*text || strlen(text) >= sizeof(clue->pattern))
		return error_at(ret_error, &value->at, "this is empty, or longer than %zu bytes",
				sizeof(clue->pattern) - 1);
	if (kind == CLUE_FILE && *text != '/')
		return error_at(ret_error, &value->at, "the path of a file begins with /");
	clue = array_append(&clues->list, &clues->count, sizeof(*clue));
	if (!clue)
		return error_set(ret_error, ENOMEM, "out of memory");
	clue->kind = kind;
	strcpy(clue->pattern, text);
	return 0;
}

static int package_read(const struct value *value, void *into, struct error *ret_error)
{
	return clue_add(into, value, CLUE_PACKAGE, ret_error);
}

static int file_read(const struct value *value, void *into, struct error *ret_error)
{
	return clue_add(into, value, CLUE_FILE, ret_error);
}

static int container_read(const struct value *value, void *into, struct error *ret_error)
{
	return clue_add(into, value, CLUE_CONTAINER, ret_error);
}

static int listener_read(const struct value *value, void *into, struct error *ret_error)
{
	struct clues *clues = into;
	struct clue *clue;
	int port, r = value_get_integer(value, "the port", 1, 65535, &port, ret_error);

	if (r < 0)
		return r;
	clue = array_append(&clues->list, &clues->count, sizeof(*clue));
	if (!clue)
		return error_set(ret_error, ENOMEM, "out of memory");
	clue->kind = CLUE_LISTENER;
	clue->port = (uint16_t)port;
	return 0;
}

static int packages_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "\"packages\"", package_read, into, ret_error);
}

static int files_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "\"files\"", file_read, into, ret_error);
}

static int containers_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "\"containers\"", container_read, into, ret_error);
}

static int listeners_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "\"listeners\"", listener_read, into, ret_error);
}

static const struct field clue_fields[] = {
	{"packages", packages_read, false},
	{"files", files_read, false},
	{"containers", containers_read, false},
	{"listeners", listeners_read, false},
	{NULL, NULL, false},
};

int clues_read(const struct value *value, struct clues *clues, struct error *ret_error)
{
	return value_read_fields(value, "\"recognised_by\"", clue_fields, clues, ret_error);
}

void clues_free(struct clues *clues)
{
	free(clues->list);
	*clues = (struct clues){0};
}

/* --- profile.json ----------------------------------------------------------------------------- */

static int base_read(const struct value *value, void *into, struct error *ret_error)
{
	struct manifest *manifest = into;

	manifest->base.at = value->at;
	return value_get_name(value, "the name of a profile", manifest->base.name,
			      sizeof(manifest->base.name), ret_error);
}

/* For people; only its type matters. */
static int text_read(const struct value *value, void *into, struct error *ret_error)
{
	const char *text;

	(void)into;
	return value_get_string(value, "the description", &text, ret_error);
}

static int release_read(const struct value *value, void *into, struct error *ret_error)
{
	struct manifest *manifest = into;

	return value_get_name(value, "the release", manifest->release, sizeof(manifest->release),
			      ret_error);
}

static int release_file_read(const struct value *value, void *into, struct error *ret_error)
{
	struct manifest *manifest = into;
	const char *text;
	int r = value_get_string(value, "the path", &text, ret_error);

	if (r < 0)
		return r;
	if (*text != '/' || strlen(text) >= sizeof(manifest->release_file))
		return error_at(ret_error, &value->at,
				"the path of a file begins with /, and has "
				"%zu bytes at most",
				sizeof(manifest->release_file) - 1);
	strcpy(manifest->release_file, text);
	return 0;
}

static int rank_read(const struct value *value, void *into, struct error *ret_error)
{
	struct manifest *manifest = into;

	manifest->rank_given = true;
	return value_get_integer(value, "the rank", 0, 9, &manifest->rank, ret_error);
}

static int requirements_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct word words[] = {
		{"none", REQUIREMENTS_NONE},
		{"carbonio-2023", REQUIREMENTS_2023},
		{"carbonio-2024", REQUIREMENTS_2024},
		{"carbonio-2026", REQUIREMENTS_2026},
		{NULL, 0},
	};
	struct manifest *manifest = into;
	int number, r = value_get_word(value, "the requirements page", words, &number, ret_error);

	if (r < 0)
		return r;
	manifest->requirements = (enum requirements)number;
	manifest->requirements_given = true;
	return 0;
}

static int recognised_by_read(const struct value *value, void *into, struct error *ret_error)
{
	struct manifest *manifest = into;

	return clues_read(value, &manifest->clues, ret_error);
}

static const struct field manifest_fields[] = {
	{"version", version_read, true},
	{"title", text_read, false},
	{"about", text_read, false},
	{"base", base_read, false},
	{"release", release_read, false},
	{"release_file", release_file_read, false},
	{"rank", rank_read, false},
	{"requirements", requirements_read, false},
	{"recognised_by", recognised_by_read, false},
	{NULL, NULL, false},
};

int manifest_read(const char *directory, struct manifest *ret, struct error *ret_error)
{
	struct value root;
	char path[PATH_MAX];
	int r;

	*ret = (struct manifest){0};
	if (snprintf(path, sizeof(path), "%s/" PROFILE_FILE, directory) >= (int)sizeof(path))
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 path);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = document_read(path, &ret->document, ret_error);
	if (r < 0)
		return r;
	root = value_root(ret->document);
	return value_read_fields(&root, "a profile file", manifest_fields, ret, ret_error);
}

void manifest_free(struct manifest *manifest)
{
	clues_free(&manifest->clues);
	document_free(manifest->document);
	*manifest = (struct manifest){0};
}

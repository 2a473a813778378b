/* SPDX-License-Identifier: GPL-2.0 */
/* profile_files.c - find the files of a profile, and look through all its roles. */
#include "policy/profile_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/role.h"
#include "util/array.h"
#include "util/cleanup.h"

void profile_names_free(struct profile_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct profile_names){0};
}

/* --- the names -------------------------------------------------------------------------------- */

static int release_compare(const void *left, const void *right)
{
	return strverscmp(*(char *const *)left, *(char *const *)right);
}

/* What cannot be asked is there: who opens it says why it cannot be read. */
static bool is_there(const char *path)
{
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool is_profile(const char *roles_dir, const char *name)
{
	static const char *const files[] = {PROFILE_FILE, MODEL_EVERY_NODE ".json"};
	char path[PATH_MAX];

	for (size_t i = 0; name[0] != '.' && i < ARRAY_SIZE(files); i++)
		if (snprintf(path, sizeof(path), "%s/%s/%s", roles_dir, name, files[i]) <
			    (int)sizeof(path) &&
		    is_there(path))
			return true;
	return false;
}

int profile_names_read(const char *roles_dir, struct profile_names *ret, struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	_closedir_ DIR *dir = opendir(roles_dir);
	const struct dirent *entry;

	if (!dir) {
		int saved = errno;

		error_set(ret_error, saved, "cannot open the directory of profiles \"%s\": %s",
			  roles_dir, strerror(saved));
		error_hint(ret_error, "name the right one with --roles-dir");
		return -saved;
	}
	while ((entry = readdir(dir))) {
		char **name;

		if (!is_profile(roles_dir, entry->d_name))
			continue;
		name = array_append(&names.list, &names.count, sizeof(*name));
		if (name)
			*name = strdup(entry->d_name);
		if (!name || !*name)
			return error_set(ret_error, ENOMEM, "out of memory");
	}
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list), release_compare);
	*ret = names;
	names = (struct profile_names){0};
	return 0;
}

/* --- directories ------------------------------------------------------------------------------ */

void profile_files_free(struct profile_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->directories[i]);
	*files = (struct profile_files){0};
}

/* `base`: what names the profile, in the profile.json of another; NULL: it was asked for. */
static int directory_add(struct profile_files *files, const char *roles_dir, const char *profile,
			 const struct manifest *base, struct error *ret_error)
{
	struct stat status;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", roles_dir, profile) >= (int)sizeof(path))
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 path);
	if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode)) {
		if (base)
			return error_at(ret_error, &base->base.at,
					"there is no profile \"%s\" in %s", profile, roles_dir);
		return error_set(ret_error, ENOENT, "there is no profile \"%s\" in %s", profile,
				 roles_dir);
	}
	if (files->count == PROFILE_BASES)
		return error_at(ret_error, &base->base.at,
				"a profile has %d bases at most, and is not its own",
				PROFILE_BASES - 1);
	files->directories[files->count] = strdup(path);
	if (!files->directories[files->count])
		return error_set(ret_error, ENOMEM, "out of memory");
	files->count++;
	return 0;
}

int profile_files_open(const char *roles_dir, const char *profile, struct profile_files *ret,
		       struct error *ret_error)
{
	_cleanup_(profile_files_free) struct profile_files files = {0};
	int r = directory_add(&files, roles_dir, profile, NULL, ret_error);

	while (r == 0) {
		_cleanup_(manifest_free) struct manifest next = {0};

		r = manifest_read(files.directories[files.count - 1], &next, ret_error);
		if (r < 0 || !next.base.name[0])
			break;
		r = directory_add(&files, roles_dir, next.base.name, &next, ret_error);
	}
	if (r < 0)
		return r;
	*ret = files;
	files = (struct profile_files){0};
	return 0;
}

bool profile_files_find(const struct profile_files *files, const char *name, char ret[PATH_MAX])
{
	for (size_t i = 0; i < files->count; i++)
		if (snprintf(ret, PATH_MAX, "%s/%s", files->directories[i], name) < PATH_MAX &&
		    is_there(ret))
			return true;
	snprintf(ret, PATH_MAX, "%s/%s", files->directories[0], name);
	return false;
}

/* --- what they say of the profile -------------------------------------------------------------- */

static void manifest_inherit(struct manifest *manifest, struct manifest *base)
{
	if (!manifest->release_file[0])
		strcpy(manifest->release_file, base->release_file);
	if (!manifest->rank_given) {
		manifest->rank = base->rank;
		manifest->rank_given = base->rank_given;
	}
	if (!manifest->requirements_given) {
		manifest->requirements = base->requirements;
		manifest->requirements_given = base->requirements_given;
	}
	if (!manifest->clues.count) {
		manifest->clues = base->clues;
		base->clues = (struct clues){0};
	}
}

int profile_manifest_read(const char *roles_dir, const char *profile, struct manifest *ret,
			  struct error *ret_error)
{
	_cleanup_(profile_files_free) struct profile_files files = {0};
	_cleanup_(manifest_free) struct manifest manifest = {0};
	int r = profile_files_open(roles_dir, profile, &files, ret_error);

	for (size_t i = 0; r == 0 && i < files.count; i++) {
		_cleanup_(manifest_free) struct manifest next = {0};

		r = manifest_read(files.directories[i], &next, ret_error);
		if (r == 0 && i == 0)
			memcpy(manifest.release, next.release, sizeof(manifest.release));
		if (r == 0)
			manifest_inherit(&manifest, &next);
	}
	if (r < 0)
		return r;
	*ret = manifest;
	manifest = (struct manifest){0};
	return 0;
}

/* --- roles ------------------------------------------------------------------------------------ */

static bool is_role_file(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 5 && !strcmp(name + length - 5, ".json") &&
	       strcmp(name, FLOWS_FILE) != 0 && strcmp(name, PROFILE_FILE) != 0;
}

static bool has_name(const struct profile_names *names, const char *name, size_t length)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strncmp(names->list[i], name, length) && !names->list[i][length])
			return true;
	return false;
}

static int directory_roles(const char *directory, struct profile_names *names)
{
	_closedir_ DIR *dir = opendir(directory);
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		size_t length = strlen(entry->d_name) - strlen(".json");
		char **name;

		if (!is_role_file(entry->d_name) || has_name(names, entry->d_name, length))
			continue;
		name = array_append(&names->list, &names->count, sizeof(*name));
		if (name)
			*name = strndup(entry->d_name, length);
		if (!name || !*name)
			return -ENOMEM;
	}
	return 0;
}

static int name_compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

int profile_files_roles(const struct profile_files *files, struct profile_names *ret)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->count; i++)
		r = directory_roles(files->directories[i], &names);
	if (r < 0)
		return r;
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list), name_compare);
	*ret = names;
	names = (struct profile_names){0};
	return 0;
}

/* --- what stands in them ---------------------------------------------------------------------- */

void roles_found_free(struct roles_found *found)
{
	free(found->list);
	*found = (struct roles_found){0};
}

/* Calls `look` with each role that can be read, until it returns something. */
static int roles_each(const struct profile_files *files,
		      int (*look)(const struct role_model *role, void *context), void *context)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = profile_files_roles(files, &names);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		_cleanup_(role_model_free) struct role_model role = {0};
		char name[NAME_MAX + 1], path[PATH_MAX];

		snprintf(name, sizeof(name), "%s.json", names.list[i]);
		if (profile_files_find(files, name, path) &&
		    role_model_read(path, &role, NULL) == 0)
			r = look(&role, context);
	}
	return r;
}

static int services_take(const struct role_model *role, void *context)
{
	struct roles_found *found = context;

	for (size_t i = 0; i < role->service_count; i++) {
		const struct service_model *service = &role->services[i];
		struct role_found *next = array_append(&found->list, &found->count, sizeof(*next));

		if (!next)
			return -ENOMEM;
		memcpy(next->role, role->name, sizeof(next->role));
		memcpy(next->service, service->name, sizeof(next->service));
		next->port = service->port;
		next->port_end = service->port_end;
		next->zones = service->zones;
		next->l4s = service->l4s;
	}
	return 0;
}

int profile_files_services(const struct profile_files *files, struct roles_found *ret)
{
	_cleanup_(roles_found_free) struct roles_found found = {0};
	int r = roles_each(files, services_take, &found);

	if (r < 0)
		return r;
	*ret = found;
	found = (struct roles_found){0};
	return 0;
}

bool role_found_opens(const struct role_found *found, uint8_t l4, uint16_t port, uint16_t port_end)
{
	return found->l4s & (1 << l4) && port_end >= found->port && port <= found->port_end;
}

int roles_search(const char *roles_dir, const char *profile, uint8_t l4, uint16_t port,
		 struct roles_found *ret)
{
	_cleanup_(profile_files_free) struct profile_files files = {0};
	struct roles_found found = {0};
	size_t kept = 0;
	int r = profile_files_open(roles_dir, profile, &files, NULL);

	if (r == 0)
		r = profile_files_services(&files, &found);
	if (r < 0)
		return r;
	for (size_t i = 0; i < found.count; i++)
		if (role_found_opens(&found.list[i], l4, port, port))
			found.list[kept++] = found.list[i];
	found.count = kept;
	*ret = found;
	return 0;
}

static int service_look(const struct role_model *role, void *context)
{
	const char *service = context;

	for (size_t i = 0; i < role->service_count; i++)
		if (!strcmp(role->services[i].name, service))
			return 1;
	return 0;
}

bool profile_files_have_service(const struct profile_files *files, const char *service)
{
	return roles_each(files, service_look, (void *)service) > 0;
}

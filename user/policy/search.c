/* SPDX-License-Identifier: GPL-2.0 */
/* search.c - read every role file of a profile. */
#include "policy/search.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/role.h"
#include "util/array.h"
#include "util/cleanup.h"

void roles_found_free(struct roles_found *found)
{
	free(found->list);
	*found = (struct roles_found){0};
}

static int role_search(const struct role_model *role, uint8_t l4, uint16_t port,
		       struct roles_found *found)
{
	for (size_t i = 0; i < role->service_count; i++) {
		const struct service_model *service = &role->services[i];
		struct role_found *next;

		if (!(service->l4s & (1 << l4)) || port < service->port || port > service->port_end)
			continue;
		next = array_append(&found->list, &found->count, sizeof(*next));
		if (!next)
			return -ENOMEM;
		memcpy(next->role, role->name, sizeof(next->role));
		memcpy(next->service, service->name, sizeof(next->service));
		next->zones = service->zones;
	}
	return 0;
}

static int is_role_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".json") &&
	       strcmp(entry->d_name, FLOWS_FILE) != 0;
}

int roles_search(const char *roles_dir, const char *profile, uint8_t l4, uint16_t port,
		 struct roles_found *ret)
{
	struct roles_found found = {0};
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int count, r = 0;

	snprintf(path, sizeof(path), "%s/%s", roles_dir, profile);
	count = scandir(path, &entries, is_role_file, alphasort);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		_cleanup_(role_model_free) struct role_model role = {0};

		if (snprintf(path, sizeof(path), "%s/%s/%s", roles_dir, profile,
			     entries[i]->d_name) < (int)sizeof(path) &&
		    r == 0 && role_model_read(path, &role, NULL) == 0)
			r = role_search(&role, l4, port, &found);
		free(entries[i]);
	}
	free(entries);
	if (r < 0) {
		roles_found_free(&found);
		return r;
	}
	*ret = found;
	return 0;
}

static bool role_has_service(const char *path, const char *service)
{
	_cleanup_(role_model_free) struct role_model role = {0};

	if (role_model_read(path, &role, NULL) < 0)
		return false;
	for (size_t i = 0; i < role.service_count; i++)
		if (!strcmp(role.services[i].name, service))
			return true;
	return false;
}

bool directory_has_service(const char *directory, const char *service)
{
	_closedir_ DIR *dir = opendir(directory);
	const struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir)))
		if (is_role_file(entry) &&
		    snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) <
			    (int)sizeof(path) &&
		    role_has_service(path, service))
			return true;
	return false;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* model.c - a node file and the role files that it names. */
#include "model.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/array.h"
#include "../util/cleanup.h"

#define EVERY_NODE "every-node"
#define OWN_ROLE   "node" /* what the node file's own services are called */

/*
 * `name` stands at `at` and is not in `folder`: guess among what is there with `suffix`. The names
 * are read twice, because a guess borrows the word it takes.
 */
static void names_hint(const char *folder, const char *suffix, const char *name,
		       struct error *ret_error)
{
	_closedir_ DIR *dir = opendir(folder);
	struct guess guess = guess_begin(name);
	char best[NAME_MAX + 1] = "";
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char candidate[NAME_MAX + 1];
		size_t size = strlen(entry->d_name), suffix_size = strlen(suffix);

		if (entry->d_name[0] == '.' || size <= suffix_size ||
		    strcmp(entry->d_name + size - suffix_size, suffix) != 0)
			continue;
		snprintf(candidate, sizeof(candidate), "%.*s", (int)(size - suffix_size),
			 entry->d_name);
		guess_consider(&guess, candidate);
		if (guess.best == candidate)
			strcpy(best, candidate);
		guess.best = NULL;
	}
	guess.best = best[0] ? best : NULL;
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "what there is stands in %s", folder);
}

static int profile_check(const struct node_model *node, const char *roles_dir, const char *folder,
			 struct error *ret_error)
{
	struct stat status;
	int r;

	if (stat(roles_dir, &status) < 0) {
		int saved = errno;

		error_set(ret_error, saved, "cannot open the folder of profiles \"%s\": %s",
			  roles_dir, strerror(saved));
		error_hint(ret_error, "name the right one with --roles-dir");
		return -saved;
	}
	if (stat(folder, &status) == 0 && S_ISDIR(status.st_mode))
		return 0;
	r = error_at(ret_error, &node->profile.at, "there is no profile \"%s\" in %s",
		     node->profile.name, roles_dir);
	names_hint(roles_dir, "", node->profile.name, ret_error);
	return r;
}

/* `name` says where the node file asks for the role; NULL for the one that it need not name. */
static int role_add(struct model *model, const char *folder, const char *role,
		    const struct name_model *name, struct error *ret_error)
{
	struct role_model *next;
	char file[PATH_MAX];
	struct stat status;
	int r;

	if (snprintf(file, sizeof(file), "%s/%s.json", folder, role) >= (int)sizeof(file))
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 file);
	if (name && stat(file, &status) < 0 && errno == ENOENT) {
		r = error_at(ret_error, &name->at, "there is no role \"%s\" in %s", role, folder);
		names_hint(folder, ".json", role, ret_error);
		return r;
	}
	next = array_append(&model->roles, &model->role_count, sizeof(*next));
	if (!next)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = role_model_read(file, next, ret_error);
	if (r == -ENOENT)
		error_hint(ret_error, "every profile needs the role \"%s\"", EVERY_NODE);
	return r;
}

static int roles_add(struct model *model, const char *folder, struct error *ret_error)
{
	int r = role_add(model, folder, EVERY_NODE, NULL, ret_error);

	for (size_t i = 0; r == 0 && i < model->node.role_count; i++) {
		const struct name_model *name = &model->node.roles[i];

		if (!strcmp(name->name, EVERY_NODE))
			continue;
		if (!strcmp(name->name, OWN_ROLE))
			return error_at(ret_error, &name->at,
					"\"%s\" is what the node's own services are called; it "
					"cannot be a role",
					OWN_ROLE);
		r = role_add(model, folder, name->name, name, ret_error);
	}
	return r;
}

int model_read(const char *node_file, const char *roles_dir, struct model *ret,
	       struct error *ret_error)
{
	_cleanup_(model_free) struct model model = {0};
	char folder[PATH_MAX];
	int r;

	r = node_model_read(node_file, &model.node, ret_error);
	if (r < 0)
		return r;
	if (snprintf(folder, sizeof(folder), "%s/%s", roles_dir, model.node.profile.name) >=
	    (int)sizeof(folder))
		return error_set(ret_error, ENAMETOOLONG, "the path \"%.200s...\" is too long",
				 roles_dir);
	r = profile_check(&model.node, roles_dir, folder, ret_error);
	if (r == 0)
		r = roles_add(&model, folder, ret_error);
	if (r < 0)
		return r;
	*ret = model;
	model = (struct model){0};
	return 0;
}

void model_free(struct model *model)
{
	for (size_t i = 0; i < model->role_count; i++)
		role_model_free(&model->roles[i]);
	free(model->roles);
	node_model_free(&model->node);
	*model = (struct model){0};
}

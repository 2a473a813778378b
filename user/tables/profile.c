/* SPDX-License-Identifier: GPL-2.0 */
/* profile.c - read all of one profile, compare roles of two. */
#include "tables/profile.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/manifest.h"
#include "policy/merge.h"
#include "policy/role.h"
#include "policy/rules.h"
#include "util/array.h"
#include "util/cleanup.h"

/* --- one profile ------------------------------------------------------------------------------ */

void profile_free(struct profile *profile)
{
	for (size_t i = 0; i < profile->role_count; i++)
		role_model_free(&profile->roles[i]);
	free(profile->roles);
	*profile = (struct profile){0};
}

static int profile_refuse(const char *roles_dir, const char *name, struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	struct guess guess = guess_begin(name);
	int r = profile_names_read(roles_dir, &names, ret_error);

	if (r < 0)
		return r;
	error_set(ret_error, ENOENT, "there is no profile \"%.80s\" in %s", name, roles_dir);
	for (size_t i = 0; i < names.count; i++)
		guess_consider(&guess, names.list[i]);
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "'rolewall roles' lists the profiles");
	return -ENOENT;
}

static int roles_order(const void *left, const void *right)
{
	const struct role_model *a = left, *b = right;
	bool first = !strcmp(a->name, MODEL_EVERY_NODE),
	     second = !strcmp(b->name, MODEL_EVERY_NODE);

	return first || second ? second - first : strcmp(a->name, b->name);
}

static int profile_add(struct profile *profile, const char *file, struct error *ret_error)
{
	struct role_model *role;

	role = array_append(&profile->roles, &profile->role_count, sizeof(*role));
	if (!role)
		return error_set(ret_error, ENOMEM, "out of memory");
	return role_model_read(file, role, ret_error);
}

static int profile_fill(const struct profile_files *files, struct profile *profile,
			struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = profile_files_roles(files, &names);

	if (r < 0)
		return error_set(ret_error, -r, "cannot read \"%s\": %s", files->directories[0],
				 strerror(-r));
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		char name[NAME_MAX + 1], file[PATH_MAX];

		snprintf(name, sizeof(name), "%s.json", names.list[i]);
		profile_files_find(files, name, file);
		r = profile_add(profile, file, ret_error);
	}
	return r;
}

int profile_read(const char *roles_dir, const char *name, struct profile *ret,
		 struct error *ret_error)
{
	_cleanup_(profile_free) struct profile profile = {0};
	_cleanup_(profile_files_free) struct profile_files files = {0};
	int r;

	if (strchr(name, '/') || !is_profile(roles_dir, name) ||
	    snprintf(profile.name, sizeof(profile.name), "%s", name) >= (int)sizeof(profile.name))
		return profile_refuse(roles_dir, name, ret_error);
	r = profile_files_open(roles_dir, name, &files, ret_error);
	if (r == 0)
		r = profile_fill(&files, &profile, ret_error);
	if (r < 0)
		return r;
	qsort(profile.roles, profile.role_count, sizeof(*profile.roles), roles_order);
	*ret = profile;
	profile = (struct profile){0};
	return 0;
}

const struct role_model *profile_role(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->role_count; i++)
		if (!strcmp(profile->roles[i].name, name))
			return &profile->roles[i];
	return NULL;
}

/* --- what a role opens ------------------------------------------------------------------------ */

int role_rules(const struct role_model *role, struct rule **ret, size_t *ret_count)
{
	_cleanup_(merged_free) struct merged merged = {0};
	_cleanup_(tables_free) struct tables tables = {0};

	if (merged_add(&merged, role->name, role->services, role->service_count) < 0 ||
	    tables_add_rules(&tables, &merged, NULL) < 0)
		return -ENOMEM;
	*ret_count = tables.rule_count;
	*ret = TAKE_PTR(tables.rules);
	tables.rule_count = 0;
	return 0;
}

void role_change_free(struct role_change *change)
{
	changes_free(&change->ports);
	free(change->before_rules);
	free(change->after_rules);
	*change = (struct role_change){0};
}

/* rules_compare() wants pointers. */
static const struct rule **rules_refer(const struct rule *rules, size_t count)
{
	const struct rule **list = calloc(count + 1, sizeof(*list));

	for (size_t i = 0; list && i < count; i++)
		list[i] = &rules[i];
	return list;
}

int roles_compare(const struct role_model *before, const struct role_model *after,
		  struct role_change *ret)
{
	_cleanup_(role_change_free) struct role_change change = {0};
	_free_ const struct rule **old = NULL;
	_free_ const struct rule **new = NULL;
	size_t old_count = 0, new_count = 0;
	int r = 0;

	if (before)
		r = role_rules(before, &change.before_rules, &old_count);
	if (r == 0 && after)
		r = role_rules(after, &change.after_rules, &new_count);
	if (r < 0)
		return r;
	old = rules_refer(change.before_rules, old_count);
	new = rules_refer(change.after_rules, new_count);
	if (!old || !new)
		return -ENOMEM;
	r = rules_compare(&(struct rule_list){old, old_count, NULL},
			  &(struct rule_list){new, new_count, NULL}, &change.ports);
	if (r < 0)
		return r;
	*ret = change;
	change = (struct role_change){0};
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* recognise.c - clues of profiles against the facts of a host. */
#include "host/recognise.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/manifest.h"
#include "policy/profile_files.h"
#include "util/array.h"
#include "util/cleanup.h"

#define CARBONIO "carbonio-ce-"

/* --- clues ------------------------------------------------------------------------------------ */

static const char *name_find(char *const *names, size_t count, const char *pattern)
{
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(pattern, names[i], 0))
			return names[i];
	return NULL;
}

static bool has_file(const struct host_facts *facts, const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s%s", facts->root, path) < (int)sizeof(full) &&
	       access(full, F_OK) == 0;
}

static bool clue_find(const struct clue *clue, const struct host_facts *facts,
		      char ret_because[CLUE_TEXT_MAX])
{
	const char *name;

	switch (clue->kind) {
	case CLUE_PACKAGE:
		name = name_find(facts->packages, facts->package_count, clue->pattern);
		if (name)
			snprintf(ret_because, CLUE_TEXT_MAX, "the package %.100s is installed",
				 name);
		return name;
	case CLUE_FILE:
		if (!has_file(facts, clue->pattern))
			return false;
		snprintf(ret_because, CLUE_TEXT_MAX, "there is %s", clue->pattern);
		return true;
	case CLUE_CONTAINER:
		name = name_find(facts->containers, facts->container_count, clue->pattern);
		if (name)
			snprintf(ret_because, CLUE_TEXT_MAX, "there is a container of %.100s",
				 name);
		return name;
	case CLUE_LISTENER:
		if (!facts->listens[clue->port / 8] ||
		    !(facts->listens[clue->port / 8] & (1 << clue->port % 8)))
			return false;
		snprintf(ret_because, CLUE_TEXT_MAX, "port %u is listened on", clue->port);
		return true;
	}
	return false;
}

bool clues_find(const struct clues *clues, const struct host_facts *facts,
		char ret_because[CLUE_TEXT_MAX])
{
	for (size_t i = 0; i < clues->count; i++)
		if (clue_find(&clues->list[i], facts, ret_because))
			return true;
	return false;
}

/* --- the installed release -------------------------------------------------------------------- */

/* The first number with its dots: "25.12.0" of "Carbonio 25.12.0-1". False: there is none. */
static bool release_read(const char *root, const char *file, char ret[32])
{
	char path[PATH_MAX], line[256];
	_fclose_ FILE *stream = NULL;
	const char *start;

	if (!file[0] || snprintf(path, sizeof(path), "%s%s", root, file) >= (int)sizeof(path))
		return false;
	stream = fopen(path, "re");
	if (!stream || !fgets(line, sizeof(line), stream))
		return false;
	start = line + strcspn(line, "0123456789");
	snprintf(ret, 32, "%.*s", (int)strspn(start, "0123456789."), start);
	return ret[0];
}

/* --- candidates ------------------------------------------------------------------------------- */

struct candidate {
	struct recognised found;
	char first_release[16]; /* whose ports the profile has */
	int rank;
	bool is_of_release; /* it is not newer than what is installed, as far as that is known */
	size_t roles;	    /* that the profile has */
};

static int roles_count(const char *roles_dir, const char *name, size_t *ret,
		       struct error *ret_error)
{
	_cleanup_(profile_files_free) struct profile_files files = {0};
	_cleanup_(profile_names_free) struct profile_names roles = {0};
	int r = profile_files_open(roles_dir, name, &files, ret_error);

	if (r == 0)
		r = profile_files_roles(&files, &roles);
	*ret = roles.count;
	return r;
}

/* 1: the host has a clue of it. */
static int candidate_read(const struct host_facts *facts, const char *roles_dir, const char *name,
			  struct candidate *ret, struct error *ret_error)
{
	_cleanup_(manifest_free) struct manifest manifest = {0};
	struct candidate candidate = {0};
	struct recognised *found = &candidate.found;
	int r = profile_manifest_read(roles_dir, name, &manifest, ret_error);

	if (r < 0 || !clues_find(&manifest.clues, facts, found->because))
		return r;
	snprintf(found->profile, sizeof(found->profile), "%s", name);
	if (release_read(facts->root, manifest.release_file, found->release))
		strcpy(found->release_file, manifest.release_file);
	strcpy(candidate.first_release, manifest.release);
	candidate.rank = manifest.rank;
	candidate.is_of_release = !found->release[0] || !manifest.release[0] ||
				  strverscmp(manifest.release, found->release) <= 0;
	r = roles_count(roles_dir, name, &candidate.roles, ret_error);
	if (r < 0)
		return r;
	*ret = candidate;
	return 1;
}

/* Both were read in the order of their names; `a` comes later. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	int newer = strverscmp(a->first_release, b->first_release);

	if (a->rank != b->rank)
		return a->rank > b->rank;
	if (a->is_of_release != b->is_of_release)
		return a->is_of_release;
	/* Older than every profile: the oldest is nearest. */
	if (a->found.release[0] && newer)
		return a->is_of_release ? newer > 0 : newer < 0;
	if (a->roles != b->roles)
		return a->roles > b->roles;
	return newer >= 0;
}

int profile_recognise(const struct host_facts *facts, const char *roles_dir, struct recognised *ret,
		      struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	struct candidate best = {.rank = -1};
	int r = profile_names_read(roles_dir, &names, ret_error);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		struct candidate candidate = {0};

		r = candidate_read(facts, roles_dir, names.list[i], &candidate, ret_error);
		if (r > 0 && is_better(&candidate, &best))
			best = candidate;
	}
	if (r < 0)
		return r;
	*ret = best.found;
	return 0;
}

int profile_fallback(const char *roles_dir, char ret[TABLES_NAME_MAX], struct error *ret_error)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = profile_names_read(roles_dir, &names, ret_error);

	if (r < 0)
		return r;
	for (size_t i = names.count; i-- > 0;) {
		_cleanup_(profile_files_free) struct profile_files files = {0};
		char path[PATH_MAX];

		snprintf(ret, TABLES_NAME_MAX, "%s", names.list[i]);
		if (!strncmp(ret, CARBONIO, strlen(CARBONIO)) &&
		    profile_files_open(roles_dir, ret, &files, NULL) == 0 &&
		    profile_files_find(&files, "appserver.json", path))
			return 0;
	}
	if (names.count)
		return 0;
	error_set(ret_error, ENOENT, "there is no profile in %s", roles_dir);
	return -ENOENT;
}

/* --- advice ----------------------------------------------------------------------------------- */

/* Is there any sign of a release? Looking at packages takes a while. */
static int has_release(const char *root, const char *roles_dir, bool *ret)
{
	_cleanup_(profile_names_free) struct profile_names names = {0};
	int r = profile_names_read(roles_dir, &names, NULL);

	*ret = false;
	for (size_t i = 0; r == 0 && i < names.count && !*ret; i++) {
		_cleanup_(manifest_free) struct manifest manifest = {0};
		char release[32];

		r = profile_manifest_read(roles_dir, names.list[i], &manifest, NULL);
		*ret = r == 0 && release_read(root, manifest.release_file, release);
	}
	return r;
}

int profile_advise(const char *root, const char *roles_dir, const struct tables *tables,
		   struct warnings *ret, struct recognised *ret_recognised)
{
	_cleanup_(host_facts_free) struct host_facts facts = {0};
	struct recognised *found = ret_recognised;
	bool known;

	*found = (struct recognised){0};
	/* A profile that cannot be read says nothing here: the policy may be of another. */
	if (has_release(root, roles_dir, &known) < 0 || !known ||
	    host_facts_read(root, &facts, NULL) < 0 ||
	    profile_recognise(&facts, roles_dir, found, NULL) < 0 || !found->release[0]) {
		*found = (struct recognised){0};
		return 0;
	}
	if (!strcmp(found->profile, tables->profile))
		return 0;
	return warnings_add(
		ret, WARNING_PROFILE_RELEASE, NULL,
		"release %.20s is installed (%.60s says so): its ports are those of the profile "
		"%.60s, not of %.60s; \"rolewall roles --diff %.60s %.60s\" tells what differs",
		found->release, found->release_file, found->profile, tables->profile,
		tables->profile, found->profile);
}

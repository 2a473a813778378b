/* SPDX-License-Identifier: GPL-2.0 */
/*
 * profile_files.h - the files of a profile: its own, and those of the profile it is based on.
 *
 * "base" in profile.json names another profile beside it. A file that a profile does not have is its
 * base's; one that it has replaces the whole file of the base.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/manifest.h"
#include "policy/model.h"

/* A list of names: of profiles, or of files. */
struct profile_names {
	char **list; /* owned, each of them too */
	size_t count;
};
void profile_names_free(struct profile_names *names);

/* A directory below that of profiles, with an every-node role or a profile.json. */
bool is_profile(const char *roles_dir, const char *name);

/* All of them, in the order of releases: 24.1 before 24.12. 0 or -errno. */
int profile_names_read(const char *roles_dir, struct profile_names *ret, struct error *ret_error);

/* -ENOENT: there is no such directory. -EINVAL: profile.json is wrong, or names no base. */
int profile_files_open(const char *roles_dir, const char *profile, struct profile_files *ret,
		       struct error *ret_error);
void profile_files_free(struct profile_files *files);

/* Where the file is. If no directory has it: false, and where it would be the profile's own. */
bool profile_files_find(const struct profile_files *files, const char *name, char ret[PATH_MAX]);

/*
 * What the profile says of itself, and where it is silent, what its base says. `ret` owns no
 * document.
 */
int profile_manifest_read(const char *roles_dir, const char *profile, struct manifest *ret,
			  struct error *ret_error);

/* The names of its roles, each once, in order. 0 or -errno. */
int profile_files_roles(const struct profile_files *files, struct profile_names *ret);

/* --- what stands in them ---------------------------------------------------------------------- */

struct role_found {
	char role[TABLES_NAME_MAX];
	char service[TABLES_NAME_MAX];
	uint16_t port; /* host order, as the role file says */
	uint16_t port_end;
	uint8_t zones; /* RW_ZONE_*, as the role file says */
	uint8_t l4s;   /* bits 1 << RW_L4_* */
};

struct roles_found {
	struct role_found *list; /* owned; in the order of the roles' names */
	size_t count;
};

/*
 * Which roles of a profile would open a port? Role files that cannot be read are passed over. 0 or
 * -errno.
 */
int roles_search(const char *roles_dir, const char *profile, uint8_t l4, uint16_t port,
		 struct roles_found *ret);

/* All that its roles open: reads every role file, so once for many ports. */
int profile_files_services(const struct profile_files *files, struct roles_found *ret);

/* Does it open one of the ports from..to (to included)? */
bool role_found_opens(const struct role_found *found, uint8_t l4, uint16_t port, uint16_t port_end);
void roles_found_free(struct roles_found *found);

/* Does any role have a service of this name? */
bool profile_files_have_service(const struct profile_files *files, const char *service);

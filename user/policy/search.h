/* SPDX-License-Identifier: GPL-2.0 */
/* search.h - which roles of a profile would open a port? */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tables.h"

struct role_found {
	char role[TABLES_NAME_MAX];
	char service[TABLES_NAME_MAX];
	uint8_t zones; /* RW_ZONE_*, as the role file says */
};

struct roles_found {
	struct role_found *list; /* owned; in the order of the roles' names */
	size_t count;
};

/* Role files that cannot be read are passed over. 0 or -errno. */
int roles_search(const char *roles_dir, const char *profile, uint8_t l4, uint16_t port,
		 struct roles_found *ret);

/* Does any role file in the directory of a profile have a service of this name? */
bool directory_has_service(const char *directory, const char *service);
void roles_found_free(struct roles_found *found);

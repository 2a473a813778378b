/* SPDX-License-Identifier: GPL-2.0 */
/* compiled_form.h - what compiled.c and compiled_write.c have to agree on. */
#pragma once

#include <jansson.h>

#include "policy/tables.h"

#define COMPILED_KIND	"compiled policy"
#define COMPILED_LAYOUT 2 /* 1 had no sets */

/* Each field is written and read here. Add a new one in both files. */
_Static_assert(sizeof(struct rule) == 672, "struct rule has changed: so has the compiled policy");
_Static_assert(sizeof(struct prefix) == 32, "struct prefix has changed");
_Static_assert(sizeof(struct interface) == 48, "struct interface has changed");
_Static_assert(sizeof(struct tables) == 728, "struct tables has changed");
_Static_assert(sizeof(struct set) == 104, "struct set has changed");
_Static_assert(sizeof(struct set_source) == 28, "struct set_source has changed");
_Static_assert(sizeof(struct set_host) == 16, "struct set_host has changed");

static inline void json_free(json_t **json)
{
	json_decref(*json);
}
#define _json_ __attribute__((cleanup(json_free)))

/* Of "policy" as jansson writes it compactly. 0 or -ENOMEM. */
int compiled_checksum(const json_t *policy, char ret[9]);

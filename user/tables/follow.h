/* SPDX-License-Identifier: GPL-2.0 */
/*
 * follow.h - a compiled policy in which the names of sets stand for other addresses than before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tables.h"

/* What one name stands for now. */
struct name_addresses {
	const char *name;	   /* any case; borrowed, as what follows */
	const uint8_t (*list)[16]; /* IPv4 as ::ffff:a.b.c.d */
	size_t count;
};

/*
 * Give the names in the sets of `tables` these addresses, and all that follows from them: what that
 * policy would be had it been compiled with them. Names that are not among `names` keep what they
 * have. `ret_changed`: something is other than before. -E2BIG: they do not fit; -ENOMEM. On failure
 * `tables` is the caller's to free, and of no other use.
 */
int tables_follow(struct tables *tables, const struct name_addresses *names, size_t count,
		  bool *ret_changed, struct error *ret_error);

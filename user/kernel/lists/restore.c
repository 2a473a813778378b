/* SPDX-License-Identifier: GPL-2.0 */
/* restore.c - both stores, one after the other. */
#include "kernel/lists/restore.h"

#include "kernel/lists/bans.h"
#include "kernel/lists/openings.h"

int restore_lists(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error)
{
	struct error second;
	int bans, openings;

	*ret_damage = (struct error){0};
	bans = bans_tidy(instance, ret_damage, ret_error);
	openings = openings_tidy(instance, ret_damage, &second);
	if (!bans && openings && ret_error)
		*ret_error = second;
	return bans ? bans : openings;
}

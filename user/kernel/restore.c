/* SPDX-License-Identifier: GPL-2.0 */
/* restore.c - opening a ledger restores it. */
#include "restore.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bans.h"
#include "openings.h"

#define RESTORED_ALL (RW_RESTORED_BANS | RW_RESTORED_OPENINGS)

/* A million bans are not read only to find that they are there. */
static int is_needed(const struct instance *instance, bool *ret, struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_presence presence;
	__u32 zero = 0;
	int error = maps_open(instance, &maps, ret_error);

	if (error)
		return error;
	if (bpf_map_lookup_elem(maps.fd[MAP_PRESENCE], &zero, &presence))
		return error_set(ret_error, errno, "cannot read the map presence: %s",
				 strerror(errno));
	*ret = (presence.restored & RESTORED_ALL) != RESTORED_ALL;
	return 0;
}

static int restore_one(const struct instance *instance,
		       int (*open)(const struct instance *, struct ledger *, struct error *),
		       struct error *ret_damage, struct error *ret_error)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	int error = open(instance, &ledger, ret_error);

	if (!error && !ret_damage->what[0])
		*ret_damage = ledger.damage;
	return error;
}

int restore_lists(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error)
{
	struct error second;
	bool needed = false;
	int bans, openings;

	*ret_damage = (struct error){0};
	bans = is_needed(instance, &needed, ret_error);
	if (bans || !needed)
		return bans;
	bans = restore_one(instance, bans_open, ret_damage, ret_error);
	openings = restore_one(instance, openings_open, ret_damage, &second);
	if (!bans && openings && ret_error)
		*ret_error = second;
	return bans ? bans : openings;
}

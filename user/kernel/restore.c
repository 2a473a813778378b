/* SPDX-License-Identifier: GPL-2.0 */
/* restore.c - opening a ledger restores it. */
#include "restore.h"

#include "../util/cleanup.h"
#include "bans.h"
#include "openings.h"

static int restore_one(const struct instance *instance,
		       int (*open)(const struct instance *, struct ledger *, struct error *),
		       struct error *ret_damage, struct error *ret_error)
{
	_ledger_ struct ledger ledger = LEDGER_NONE;
	int error = open(instance, &ledger, ret_error);

	if (!error && ret_damage && !ret_damage->what[0])
		*ret_damage = ledger.damage;
	return error;
}

int restore_lists(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error)
{
	struct error second;
	int bans, openings;

	if (ret_damage)
		*ret_damage = (struct error){0};
	bans = restore_one(instance, bans_open, ret_damage, ret_error);
	openings = restore_one(instance, openings_open, ret_damage, &second);
	if (!bans && openings && ret_error)
		*ret_error = second;
	return bans ? bans : openings;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* idle_bans.h - bans that a policy makes idle, in whole or in part: they came before it. */
#pragma once

#include "kernel/object/instance.h"
#include "policy/advice.h"
#include "policy/tables.h"

/*
 * A warning for each ban, as the file has them, that meets what these tables never ban, or what
 * this host lives on now; those beyond ten are counted. Asks no kernel; bans that cannot be read
 * are passed over. 0 or -ENOMEM.
 */
int idle_bans_advise(const struct instance *instance, const struct tables *tables,
		     struct warnings *ret);

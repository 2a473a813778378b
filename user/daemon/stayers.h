/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stayers.h - who goes on where a limit says that that ends in a ban ("then").
 *
 * The map `limit_stayers` has them: sources that have connected with nothing left, so that their
 * addresses are theirs (docs/verdict.md, 13). One is banned as soon as it has done so as often as
 * its limit has tokens, and a packet of it was refused.
 */
#pragma once

#include "daemon/in_force.h"

struct stayers {
	const struct in_force *in_force; /* not owned */
	int last_error;			 /* that was said */
};

/* Ban whom there is to ban. A list that another process is changing is left for the next tick. */
void stayers_tick(struct stayers *stayers);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * names.h - the names in sets: asked when their time has come, and their new addresses put in
 * force, in the policy that is.
 *
 * What was answered last holds until there is a new answer, over restarts as well
 * (report/followed.h). While a policy awaits its confirmation nothing is put in its place. Where the
 * policy in force has no names, nobody is asked, and there is no connection.
 */
#pragma once

#include "daemon/in_force.h"
#include "daemon/names_link.h"
#include "daemon/options.h"
#include "report/followed.h"

struct names {
	const struct serve_options *options; /* not owned, as the next one */
	struct in_force *in_force;
	struct names_link link;
	struct followed_list followed;
	bool differ;	 /* what is in force has other addresses */
	bool changed;	 /* the file for those who look is out of date */
	bool moved;	 /* so is that which survives a reboot, in its addresses */
	int64_t kept;	 /* when that was written; ns, CLOCK_BOOTTIME */
	int64_t retry;	 /* nothing is put in force before; likewise */
	int write_error; /* that was said */
};

void names_open(struct names *names);
void names_close(struct names *names);

/* Another policy is in force, or none. */
void names_policy_changed(struct names *names);

/* Once a second. True: another policy is in force. */
bool names_tick(struct names *names);

/*
 * Where the policy in force has other addresses, put one in its place that has these and nothing
 * else new (names_apply.c). `differ` is clear when that is done, else `retry` says when to try
 * again. True: another policy is in force.
 */
bool names_apply(struct names *names);

/* All of them, now. */
void names_ask_all(struct names *names);

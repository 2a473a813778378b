/* SPDX-License-Identifier: GPL-2.0 */
/*
 * confirmed.h - the policy that was confirmed last, for the time after a reboot.
 *
 * LIB_DIR/confirmed.json is always whole. An apply stages its text beside it before the commit,
 * where a full disk can still refuse the change, and publishes it afterwards by a rename. It is the
 * generation's own text: the policy as it was compiled and put in force (tables/compiled.h), so
 * that a restart asks no role file, no cluster file and no network.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/generation/generation.h"
#include "kernel/object/instance.h"
#include "util/error.h"

/*
 * What the copy says. -ENOENT: there is none; -EUCLEAN: its directory cannot be trusted; -EPROTO:
 * it
 * is the node file alone, as versions before this one kept it; -EINVAL: it is damaged.
 */
int confirmed_read(const struct instance *instance, struct tables *ret, struct error *ret_error);

/* LIB_DIR/confirmed.json; -ENAMETOOLONG. */
int confirmed_path(const struct instance *instance, char *ret, size_t size);

/* Makes LIB_DIR (0750) if need be, and writes the staged copy durably. */
int confirmed_stage(const struct instance *instance, const struct generation *generation,
		    struct error *ret_error);

/* Put the staged copy in its place. On failure the old one stands. */
int confirmed_publish(const struct instance *instance, struct error *ret_error);

/* Let the disk know of the rename. Its failure loses nothing unless the power fails, too. */
int confirmed_sync(const struct instance *instance, struct error *ret_error);

/* All three at once. */
int confirmed_write(const struct instance *instance, const struct generation *generation,
		    struct error *ret_error);

/* Does a copy for the next boot lie there? */
bool confirmed_is_there(const struct instance *instance);

/* Is it what this generation keeps? False, too, where that cannot be found out. */
bool confirmed_is(const struct instance *instance, const struct generation *generation);

/* Will a restart find what is in force now? True, too, where that cannot be found out. */
bool confirmed_is_in_force(const struct instance *instance);

/* Nothing comes back at the next boot. None: no error. */
int confirmed_forget(const struct instance *instance, struct error *ret_error);

/* `down`: what killed processes were writing goes. LIB_DIR goes too, unless it holds something. */
void confirmed_clean(const struct instance *instance);

/* Forget a staged copy; there may be none. */
void confirmed_discard(const struct instance *instance);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * restore.h - bans and openings come back when the maps are new: after a reboot, or after `down`;
 * what has ended goes, and a change that was cut off is undone.
 */
#pragma once

#include "kernel/object/instance.h"
#include "util/error.h"

/*
 * Where there is nothing of the kind to do, it costs nothing. Takes the lock of the lists.
 * Returns 0, -ENOENT if nothing is applied, or the first -errno; the openings are seen to even if
 * the bans fail. `ret_damage->what` is empty, or says which file was damaged (its good lines
 * count).
 */
int restore_lists(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - a first policy that was taken back. After it nothing is applied, and no map is left that
 * could tell: STATE_DIR/taken-back does, until the next apply, `down`, or the end of the boot.
 */
#pragma once

#include <rolewall/abi.h>

#include "kernel/object/instance.h"

/* Of `note` are kept `generation`, `missed` and `taken_back`. What cannot be written is not told. */
void trial_note(const struct instance *instance, const struct rw_pending *note);

/* -ENOENT: none was taken back, or something was applied since. */
int trial_read(const struct instance *instance, struct rw_pending *ret);

void trial_forget(const struct instance *instance);

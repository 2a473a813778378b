/* SPDX-License-Identifier: GPL-2.0 */
/* remove.h - take everything away. */
#pragma once

#include <stdbool.h>

#include "kernel/object/instance.h"
#include "util/error.h"

/*
 * Detach and unpin everything, and forget the copy for the next boot. -ENOENT: there was neither
 * (leftovers are removed all the same).
 */
int remove_run(const struct instance *instance, struct error *ret_error);

/* The same for those who hold the lock; the copy stays. */
int remove_everything(const struct instance *instance, struct error *ret_error);

/* Nothing is pinned here, but programs filter still: before 5.9 they outlive their pins. */
bool remove_has_left(const struct instance *instance);

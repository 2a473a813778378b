/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hidden.h - programs of Rolewall that filter here, on a device or on the cgroup's hooks, through
 * links that are pinned elsewhere: another BPF file system was mounted over BPFFS_DIR, say. Nothing
 * can be read or changed by pins that cannot be reached. (Before 5.9 there are no links: direct.h.)
 */
#pragma once

#include <stdbool.h>

#include "kernel/object/instance.h"
#include "util/error.h"

/*
 * 0, or -EEXIST, which says so and what leads out. Takes its time, two seconds at most, before it
 * says so: what a pin held goes a moment after the pin.
 */
int hidden_check(const struct instance *instance, struct error *ret_error);

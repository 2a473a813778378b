/* SPDX-License-Identifier: GPL-2.0 */
/* ways.h - by which hook, and how, the packets of a device can be judged. */
#pragma once

#include <stddef.h>

#include "host/device.h"
#include "policy/tables.h"

enum way { WAY_XDP_NATIVE, WAY_XDP_GENERIC, WAY_TC, WAYS };

/*
 * Those to be tried, the best first. The last resort is the cgroup hook, which is always there. Returns
 * how many.
 */
size_t ways_of(const struct device *device, enum hook_choice choice, enum way ret[WAYS]);

/* A bond's native program runs on its members: under their names, and for their sockets. */
bool way_may_be_native(const struct device *device);

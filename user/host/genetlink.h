/* SPDX-License-Identifier: GPL-2.0 */
/* genetlink.h - the numbers that generic netlink gives its families. */
#pragma once

#include <stdint.h>

/* -ENOENT: the kernel has no family of that name (or has not loaded it); -errno. */
int genetlink_family(const char *name, uint16_t *ret);

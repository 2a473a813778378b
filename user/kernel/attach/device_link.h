/* SPDX-License-Identifier: GPL-2.0 */
/*
 * device_link.h - the pinned links that hold programs to devices. A pin is links/xdp-IFINDEX,
 * links/tc-IFINDEX or links/leave-IFINDEX (tc egress): a link stays with its device, whatever that is called.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "kernel/object/instance.h"

enum link_kind { LINK_XDP, LINK_TC, LINK_LEAVE, LINK_KINDS };

int device_link_path(const struct instance *instance, enum link_kind kind, uint32_t ifindex,
		     char *ret, size_t size);

/*
 * Open our link by its device's number: one whose device was deleted is dead (-ENODEV). The device may
 * have gone to another network namespace with its link, and its number be another's by now: compare
 * `ret_program`, the id of the link's program, with what the device has. A descriptor or -errno.
 */
int device_link_open(const struct instance *instance, enum link_kind kind, uint32_t ifindex,
		     __u32 *ret_program);

/* Versions before this one named the pins for interfaces: they get the names that they have now. */
int device_links_rename(const struct instance *instance);

/* Unpin those of devices for which `is_kept` is false, and what is no link of a device at all. */
int device_links_unpin(const struct instance *instance,
		       bool (*is_kept)(uint32_t ifindex, const void *context), const void *context);

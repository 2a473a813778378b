/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xdp_link.h - the pinned links that hold XDP programs to devices. A pin is links/xdp-IFINDEX: a
 * link stays with its device, whatever that is called.
 */
#pragma once

#include "host/device.h"
#include "kernel/object/instance.h"

int xdp_link_path(const struct instance *instance, uint32_t ifindex, char *ret, size_t size);

/*
 * Open our link if it is attached to this very device: one that was deleted leaves a dead link, one
 * that went to another network namespace takes it along, and its number may be another's by now.
 * A descriptor or -errno.
 */
int xdp_link_open(const struct instance *instance, const struct device *device);

/* Versions before this one named the pins for interfaces: they get the names that they have now. */
int xdp_links_rename(const struct instance *instance);

/* Unpin those of devices for which `is_kept` is false, and what is no link of a device at all. */
int xdp_links_unpin(const struct instance *instance,
		    bool (*is_kept)(uint32_t ifindex, const void *context), const void *context);

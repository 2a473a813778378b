/* SPDX-License-Identifier: GPL-2.0 */
/*
 * driver.h - what a driver does when an XDP program comes or goes, from the kernel's sources
 * (ndo_bpf, XDP_SETUP_PROG).
 */
#pragma once

#include <stdbool.h>

#include "host/device.h"

#define DRIVER_NAME_MAX 32 /* ETHTOOL_BUSINFO_LEN */

/* As `ethtool -i` says; "" where the kernel does not tell. Untouched by failures: none. */
void driver_name(const struct device *device, char ret[DRIVER_NAME_MAX]);

/*
 * Does the link stay up and every queue as it is, so that nothing is lost but what is in flight? False
 * for drivers that are not known.
 */
bool driver_keeps_queues(const char *name);

/*
 * What native XDP costs on a device while there is no flood, in words that go behind "native XDP"; NULL:
 * nothing that is known.
 */
const char *driver_price(const struct device *device);

/* The same of a driver by its name, which merges segments in the card (or its host) or not. */
const char *driver_price_of(const char *name, bool merges);

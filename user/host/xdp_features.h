/* SPDX-License-Identifier: GPL-2.0 */
/* xdp_features.h - what a driver says that it can do with XDP (linux/netdev.h; from 6.3 on). */
#pragma once

#include <stdint.h>

#define XDP_FEATURE_SENDS                                                                          \
	0x4 /* NETDEV_XDP_ACT_NDO_XMIT: a veth says so while its peer takes frames */

/* -ENOENT: the kernel has no such family, or no such device; -errno. */
int xdp_features_read(uint32_t ifindex, uint64_t *ret);

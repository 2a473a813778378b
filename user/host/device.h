/* SPDX-License-Identifier: GPL-2.0 */
/*
 * device.h - the network devices of this namespace, as rtnetlink tells (linux/if_link.h).
 */
#ifndef ROLEWALL_KERNEL_DEVICE_H
#define ROLEWALL_KERNEL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct device {
	char name[16];
	uint32_t ifindex;
	uint16_t type;	 /* ARPHRD_*, linux/if_arp.h */
	uint16_t vlan;	 /* VLAN id if the device is a VLAN, else 0 */
	uint32_t parent; /* ifindex below a VLAN device, else 0 */
	uint32_t mtu;
	uint32_t xdp_native;  /* id of the program on the driver's (or card's) XDP hook, or 0 */
	uint32_t xdp_generic; /* id of the program on the generic XDP hook, or 0 */
	bool up;
	bool hides_vlans; /* has VLANs, and takes their tags off before XDP sees the frame */
	char kind[16];	  /* of a virtual device: "vlan", "bridge", "bond", ...; else empty */
};

struct devices {
	struct device *list; /* owned */
	size_t count;
};

int devices_read(struct devices *ret, struct error *ret_error);
void devices_free(struct devices *devices);

/* Is it of this kind (`ip link add type KIND`)? */
bool device_is(const struct device *device, const char *kind);

/* Do its frames come in by other devices, where the kernel has taken their VLAN tags off? */
bool device_is_master(const struct device *device);

/* NULL: no such device. */
const struct device *device_by_name(const struct devices *devices, const char *name);
const struct device *device_by_index(const struct devices *devices, uint32_t ifindex);

/* Bytes before the IP header: 14, or 0 on L3 devices; -EOPNOTSUPP where XDP cannot read the frames.
 */
int device_l2_length(const struct device *device);

#endif

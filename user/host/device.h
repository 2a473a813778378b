/* SPDX-License-Identifier: GPL-2.0 */
/*
 * device.h - the network devices of this namespace, as rtnetlink tells (linux/if_link.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define LOOPBACK_IFINDEX 1 /* in every network namespace: net/core/dev.c */

struct device {
	char name[16];
	uint32_t ifindex;
	uint16_t type;	 /* ARPHRD_*, linux/if_arp.h */
	uint16_t vlan;	 /* VLAN id if the device is a VLAN, else 0 */
	uint32_t lower;	 /* ifindex of the device that it stands on (VLAN, macvlan, ...), or 0 */
	uint32_t master; /* ifindex of the bridge, bond, ... that it is a port of, or 0 */
	uint32_t mtu;
	uint32_t xdp_native;  /* id of the program on the driver's (or card's) XDP hook, or 0 */
	uint32_t xdp_generic; /* id of the program on the generic XDP hook, or 0 */
	bool up;
	bool hides_vlans; /* has VLANs, and takes their tags off before XDP sees the frame */
	char kind[16];	  /* of a virtual device: "vlan", "bridge", "bond", ...; else empty */
};

/* One more name of a device (ip link property add dev NAME altname OTHER). */
struct altname {
	uint32_t ifindex;
	char name[16]; /* longer ones cannot be listed */
};

struct devices {
	struct device *list; /* owned */
	size_t count;
	struct altname *altnames; /* owned */
	size_t altname_count;
};

int devices_read(struct devices *ret, struct error *ret_error);
void devices_free(struct devices *devices);

/* Is it of this kind (`ip link add type KIND`)? */
bool device_is(const struct device *device, const char *kind);

/* By its type or its name: a VPN, or what else has no Ethernet below it. */
bool device_is_tunnel(const struct device *device);

/* Do its frames come in by other devices, where the kernel has taken their VLAN tags off? */
bool device_is_master(const struct device *device);

/* Anybody's XDP program. */
bool device_has_program(const struct device *device);

/* Do the frames of `upper` come in by `lower`? Of devices side by side. */
bool device_is_above(const struct device *upper, const struct device *lower);

/* As deep as they stand on each other: linux/netdevice.h, MAX_NEST_DEV. */
#define DEVICE_HEIGHT_MAX 8

/* How many devices stand below it, one below the other; 0: none. At most DEVICE_HEIGHT_MAX. */
unsigned int device_height(const struct devices *devices, const struct device *device);

/*
 * A VLAN device: the device that its frames come in by, and their tags as in struct
 * rw_interface_key. False: it is none.
 */
bool device_tags(const struct devices *devices, const struct device *device, uint32_t *ret_ifindex,
		 uint32_t *ret_vlan);

/* NULL: no such device. A name is any that the device has. */
const struct device *device_by_name(const struct devices *devices, const char *name);
const struct device *device_by_index(const struct devices *devices, uint32_t ifindex);

/*
 * Bytes before the IP header: 14, or 0 on L3 devices; -EOPNOTSUPP where XDP cannot read the frames.
 */
int device_l2_length(const struct device *device);

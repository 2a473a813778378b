/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wire.h - numbered packets from a neighbour's device to the node, and which of them got in.
 *
 * Sent through packet sockets, so that any source can be told; their TCP or UDP checksum is wrong,
 * so that the node's own stack stays silent. Received through raw sockets of the node, which get
 * what the node's hooks have passed, both XDP and cgroup. Errors end the process (err(3)).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/observe/packet.h"

/* A cable: the neighbour's end, and the node's address behind it. */
struct cable {
	int socket;
	int ifindex;		      /* of the neighbour's device */
	unsigned char from[6], to[6]; /* Ethernet addresses */
	char node_device[16];
	uint8_t node4[16]; /* the node's addresses there; IPv4 as ::ffff:a.b.c.d */
	uint8_t node6[16];
};

/* "NETNS-FILE,DEVICE,NODE-DEVICE,IPV4,IPV6". The process is in the node's namespace, before and
 * after. */
void cable_open(struct cable *cable, const char *text);

/* Send packet number `id`; `destination` is filled in. */
void cable_send(const struct cable *cable, const struct packet_spec *spec, uint32_t id);

struct receiver {
	int sockets[4];
	bool *seen; /* owned; by number */
	uint32_t count;
};

/* In the namespace and the cgroup that the process is in. */
void receiver_open(struct receiver *receiver, uint32_t count);

/* Until number `id` is in. False: not within `timeout_ms`. */
bool receiver_wait(struct receiver *receiver, uint32_t id, int timeout_ms);

/* Text of an address as 16 bytes; ends the process if it is none. */
void address_parse(const char *text, uint8_t ret[16]);

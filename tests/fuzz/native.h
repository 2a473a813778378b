/* SPDX-License-Identifier: GPL-2.0 */
/*
 * native.h - the programs of bpf/ as functions of this process: for sanitizers, which see every
 * byte that is read, and for coverage. Maps: native_maps.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct native_packet {
	const uint8_t *bytes; /* as the program sees them */
	size_t length;
	size_t apart; /* cgroup, tc: bytes at the end that lie in other buffers */
	uint32_t ifindex;
	uint32_t l2_len; /* load-time constants */
	bool tagged;	 /* tc: a VLAN tag has been taken off */
	uint16_t tci;
	enum { NATIVE_NO_SOCKET, NATIVE_CONNECTED, NATIVE_LISTENING } socket; /* cgroup: skb->sk */
};

/* What a process binds, or connects to. */
struct native_bind {
	int family; /* 4, 6 */
	uint8_t address[16];
	uint8_t protocol;
	uint16_t port;
};

extern bool native_ring_is_full;

/* Register the maps. Once, before all else. */
void native_start(void);

/* The programs' seeds: struct rw_seeds. */
const void *native_seeds(void);

/*
 * Run a program (its function's name). Returns 1 pass, 0 drop, -1 neither. A byte that is read
 * outside of the packet ends the process.
 */
int native_run(const char *function, const struct native_packet *packet);

/* The same for rolewall_bind4, rolewall_connect6 and their kind. */
int native_bind(const char *function, const struct native_bind *bind);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peers.h - programs that the product is compared with: those of bench.bpf.c, and xdp-filter from
 * Debian's xdp-tools. Its loader wants libxdp's dispatcher; here its object is loaded as it is and
 * its maps are filled as its command line would. Errors end the process.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench.h"

struct bench_bpf;
struct bpf_object;

/* Programs that take the same frames as the product's do (BPF_F_XDP_HAS_FRAGS or not), so that
 * one can be called from another. */
struct bench_bpf *peers_load(void);

struct peer_port {
	uint16_t port; /* host order */
	uint8_t l4;    /* RW_L4_* */
};

/* Deny all but `ports`; `variant`: "all" (Ethernet, IP, TCP, UDP) or "tcp". */
struct bpf_object *xdp_filter_load(const char *variant, const struct peer_port *ports, size_t count,
				   int *ret_program);

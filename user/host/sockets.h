/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sockets.h - the TCP and UDP sockets of this network namespace, as sock_diag(7) tells.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct socket_entry {
	uint8_t local[16];   /* network order; IPv4 as ::ffff:a.b.c.d, 0.0.0.0 included */
	uint8_t remote[16];  /* the same; any address while there is no peer */
	uint16_t local_port; /* host order */
	uint16_t remote_port;
	uint8_t l4;	    /* RW_L4_* */
	uint8_t state;	    /* TCP_ESTABLISHED, TCP_LISTEN, ... (netinet/tcp.h); UDP without a peer
			       is TCP_CLOSE */
	bool ipv6_only;	    /* bound to ::, but takes no IPv4 */
	uint32_t interface; /* ifindex that it is bound to, or 0 */
	uint32_t uid;
	uint32_t inode; /* "socket:[INODE]" in /proc/PID/fd; 0: no process has it any more */
};

struct sockets {
	struct socket_entry *list; /* owned */
	size_t count;
};

/* `states`: bit 1 << TCP_* for each state that is wanted, for TCP and for UDP. */
struct sockets_wanted {
	uint32_t tcp;
	uint32_t udp;
};

int sockets_read(const struct sockets_wanted *wanted, struct sockets *ret, struct error *ret_error);
void sockets_free(struct sockets *sockets);

/* Only this host can reach it. */
bool socket_is_loopback(const struct socket_entry *socket);

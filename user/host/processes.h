/* SPDX-License-Identifier: GPL-2.0 */
/* processes.h - whose socket is it? /proc/PID/fd of every process that may be looked at. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct socket_holder {
	uint32_t inode; /* of the socket, as in sockets.h */
	pid_t pid;	/* the lowest, if several hold it */
	char name[16];	/* comm: what ps(1) shows */
};

struct socket_holders {
	struct socket_holder *list; /* owned; sorted by inode */
	size_t count;
};

int socket_holders_read(struct socket_holders *ret, struct error *ret_error);
void socket_holders_free(struct socket_holders *holders);

/* NULL: no process, or none that may be looked at. */
const struct socket_holder *socket_holder_find(const struct socket_holders *holders,
					       uint32_t inode);

/* SPDX-License-Identifier: GPL-2.0 */
/* peer.h - which user of this host is at the other end of a connection over loopback. */
#pragma once

#include <sys/types.h>

#define PEER_UNKNOWN ((uid_t)-1)

/* As the kernel's table of sockets says: SO_PEERCRED is for unix sockets only. Or PEER_UNKNOWN. */
uid_t peer_uid(int fd);

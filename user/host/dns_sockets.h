/* SPDX-License-Identifier: GPL-2.0 */
/* dns_sockets.h - the sockets of a c-ares channel, for poll(2). */
#pragma once

#include <ares.h>
#include <poll.h>

/* What the channel waits for, into `ret`. Returns how many. */
int dns_sockets_list(ares_channel channel, struct pollfd ret[ARES_GETSOCK_MAXNUM]);

/* After poll(2): read, write, and end the questions whose time is over. */
void dns_sockets_process(ares_channel channel, const struct pollfd *polls, int count);

/* How long to wait at most, in milliseconds. */
int dns_sockets_wait(ares_channel channel);

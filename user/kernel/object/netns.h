/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netns.h - which network namespace is this instance's? Sockets of others are not this node's.
 */
#pragma once

#include <stdint.h>

/*
 * What the programs compare with: the cookie of the calling process's network namespace, or
 * RW_NETNS_INITIAL where only that it is the machine's first can be found out (before 5.14), else
 * RW_NETNS_UNKNOWN.
 */
uint64_t netns_own(void);

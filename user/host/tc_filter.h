/* SPDX-License-Identifier: GPL-2.0 */
/* tc_filter.h - the filters on a device's clsact qdisc (linux/pkt_sched.h), as rtnetlink tells. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_filter {
	uint32_t handle;
	uint16_t priority;
	uint32_t program; /* id of its BPF program, or 0 */
};

/* Owning. */
struct tc_filters {
	struct tc_filter *list; /* those of ingress first */
	size_t count;
	size_t ingress; /* how many those are */
};

/* Of both directions. 0 or -errno; that there is no such qdisc is no error. */
int tc_filters_read(uint32_t ifindex, struct tc_filters *ret);
void tc_filters_free(struct tc_filters *filters);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tc.h - programs on the tc ingress hook of a device, and on its egress hook (the program that learns
 * flows, bpf/leave.bpf.h: tc_leave_*, pinned as links/leave-IFINDEX). From 6.6 on a link holds one there (tcx), pinned
 * as links/tc-IFINDEX, before whatever others have attached. Older kernels have a filter on the clsact
 * qdisc, which nobody pins: it is known by its program (owner.h), and goes with the qdisc if somebody
 * removes that. Its handle says whether we made the qdisc, which then goes with the last filter.
 */
#pragma once

#include <stdbool.h>

#include <linux/bpf.h>

#include "host/device.h"
#include "kernel/object/instance.h"

/* The attach types of linux/bpf.h from 6.6 on. */
#define BPF_TCX_INGRESS_ 46
#define BPF_TCX_EGRESS_	 47

/* Id of our program on the device; 0: none. */
__u32 tc_program(const struct instance *instance, const struct device *device);

/*
 * Attach, or put it in the place of the one of ours that is there, in the way in which that is
 * attached. `link`: a new attachment is a link. -EEXIST, -ENOENT, -EOPNOTSUPP and so on: the kernel has
 * neither, or others have taken every place.
 */
int tc_attach(const struct instance *instance, const struct device *device, int program_fd,
	      bool link);

/* None there: no error. */
int tc_detach(const struct instance *instance, const struct device *device);

__u32 tc_leave_program(const struct instance *instance, const struct device *device);
int tc_leave_attach(const struct instance *instance, const struct device *device, int program_fd,
		    bool link);
int tc_leave_detach(const struct instance *instance, const struct device *device);

/* What no link holds, of both. */
int tc_detach_filter(const struct instance *instance, const struct device *device);

/* Id of the program that a link holds before all others there, whosever it is; 0: none. */
__u32 tc_first_program(const struct device *device);

/* A filter of Rolewall's whose instance has lost its pins: is there one, and detach it. */
bool tc_is_left(const struct instance *instance, const struct device *device);
int tc_remove_left(const struct instance *instance, const struct device *device);

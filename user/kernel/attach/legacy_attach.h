/* SPDX-License-Identifier: GPL-2.0 */
/*
 * legacy_attach.h - programs that are attached without a link, on kernels that have none
 * (before 5.9).
 *
 * Nothing is pinned: the kernel itself keeps a program attached after its loader exits. The map
 * `policy` of this instance marks it as ours: no other program uses it. Where that pin is lost, the
 * program goes on filtering; it is known by its name then, and is replaced like one of ours, but
 * does not count as one, and is detached by legacy_remove_left() alone: it may belong to an
 * instance whose pins are elsewhere.
 */
#pragma once

#include <stdbool.h>

#include <linux/bpf.h>

#include "host/device.h"
#include "kernel/object/instance.h"

/*
 * Is a program of this instance on the device? On kernels with links, one that a link holds counts.
 */
bool legacy_xdp_is_attached(const struct instance *instance, const struct device *device);

/*
 * Attach in the mode `flags` (XDP_FLAGS_DRV_MODE or XDP_FLAGS_SKB_MODE), or put it in the place of
 * one of ours, in the mode that that one has. -EBUSY or -EEXIST: another program is there.
 */
int legacy_xdp_attach(const struct instance *instance, const struct device *device, int program_fd,
		      __u32 flags);

/* Put it in the place of whatever is there now. -EBUSY: a link holds that. */
int legacy_xdp_retake(const struct device *device, int program_fd);

/* Detach what is ours and no link holds. None: no error. */
int legacy_xdp_detach(const struct instance *instance, const struct device *device);

bool legacy_cgroup_is_attached(const struct instance *instance, int cgroup_fd,
			       enum bpf_attach_type type);

/*
 * Attach beside what others have there, in the place of what is ours (I3: never a moment without).
 */
int legacy_cgroup_attach(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type,
			 int program_fd);

int legacy_cgroup_detach(const struct instance *instance, int cgroup_fd, enum bpf_attach_type type);

/* Does a program filter, on some device or on the cgroup's hooks, whose pins are lost?
 * `cgroup_fd` -1: only devices are looked at. */
bool legacy_is_left(const struct instance *instance, int cgroup_fd);

/* Detach those, from devices and from the cgroup's hooks. */
int legacy_remove_left(const struct instance *instance, int cgroup_fd);

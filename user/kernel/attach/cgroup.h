/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.h - the cgroup hooks: attach, ask, detach.
 */
#pragma once

#include <stdbool.h>

#include "kernel/object/instance.h"
#include "kernel/object/load.h"
#include "util/error.h"

/* "ingress", "egress", ...: the pin is links/cgroup-NAME. */
const char *cgroup_hook_name(enum cgroup_hook hook);

/*
 * Open the cgroup v2 directory of the instance. Where the host has none mounted (cgroup v1 only) it
 * is mounted in the state directory: for this moment, or, by cgroup_attach(), until
 * cgroup_detach().
 */
int cgroup_open(const struct instance *instance, int *ret_fd, struct error *ret_error);

/* Really attached, as the kernel says? */
bool cgroup_is_attached(const struct instance *instance, enum cgroup_hook hook);

/*
 * Attach all hooks to the cgroup, or, where one is attached already, replace its program in place.
 * A hook that sits on another cgroup is detached after the new one is attached (I3).
 */
int cgroup_attach(const struct instance *instance, const struct features *features,
		  struct rolewall_bpf *object, struct error *ret_error);

/* Each hook is attached to this instance's cgroup. */
bool cgroup_is_complete(const struct instance *instance, const struct features *features);

int cgroup_detach(const struct instance *instance, struct error *ret_error);

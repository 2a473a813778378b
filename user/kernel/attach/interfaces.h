/* SPDX-License-Identifier: GPL-2.0 */
/* interfaces.h - the programs on interfaces, by XDP or tc: attach and detach. */
#pragma once

#include "kernel/attach/plans.h"
#include "util/error.h"

/*
 * Carry the plans out. Where every way is refused (no driver support, a foreign program, a device that
 * is gone by now) it stays with the cgroup hook, which is no error; anything else is.
 */
int interfaces_attach(const struct instance *instance, const struct maps *maps, struct plans *plans,
		      struct error *ret_error);

/* Detach from interfaces that `about` does not list (NULL: from all), and forget devices that are
 * gone. */
int interfaces_detach(const struct instance *instance, const struct maps *maps,
		      const struct about *about, struct error *ret_error);

/* SPDX-License-Identifier: GPL-2.0 */
/* refresh.h - the policy stays, the interfaces come and go. */
#ifndef ROLEWALL_KERNEL_REFRESH_H
#define ROLEWALL_KERNEL_REFRESH_H

#include "../util/error.h"
#include "instance.h"

/*
 * Attach whatever the generation in force wants and lacks, forget devices that are gone, and
 * exchange programs of another build. Takes the lock. -ENOENT: nothing is applied; -ESTALE: its
 * pins are lost.
 */
int install_refresh(const struct instance *instance, struct error *ret_error);

#endif

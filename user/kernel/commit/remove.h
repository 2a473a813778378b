/* SPDX-License-Identifier: GPL-2.0 */
/* remove.h - take everything away; install_remove (install.h) without its lock. */
#ifndef ROLEWALL_KERNEL_REMOVE_H
#define ROLEWALL_KERNEL_REMOVE_H

#include "kernel/object/instance.h"
#include "util/error.h"

int remove_everything(const struct instance *instance, struct error *ret_error);

#endif

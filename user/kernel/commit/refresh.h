/* SPDX-License-Identifier: GPL-2.0 */
/* refresh.h - the policy stays, the interfaces come and go. */
#pragma once

#include <stdbool.h>

#include "kernel/object/instance.h"
#include "util/error.h"

/*
 * Attach whatever the generation in force wants and lacks, and forget devices that are gone. With
 * `exchange`, programs of another version give way to this one's. Takes the lock. -ENOENT: nothing
 * is applied; -ESTALE: its pins are lost; -EPROTO: it is another version's, and stays.
 */
int install_refresh(const struct instance *instance, bool exchange, struct error *ret_error);

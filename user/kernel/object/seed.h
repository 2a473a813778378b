/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seed.h - the secrets of the programs' hashes. They are made with the maps, and every program that
 * shares the maps has the same ones; only root can read them (bpffs, and CAP_SYS_ADMIN for a map's
 * number).
 */
#pragma once

#include <rolewall/abi.h>

#include "kernel/object/instance.h"

/* Those of the pinned maps, or new ones where there are none yet. */
int seeds_find(const struct instance *instance, struct rw_seeds *ret);

/* Write them down: `fd` is of the map `seed`. */
int seeds_keep(int fd, const struct rw_seeds *seeds);

/* SPDX-License-Identifier: GPL-2.0 */
/* interface_advice.h - what a policy lists against the interfaces that this host has. */
#pragma once

#include "policy/tables.h"
#include "util/warnings.h"

/*
 * Warnings: names that no interface has, ports whose bridge is not listed, ways to the Internet that
 * are not external, interfaces that are not listed. `ret` is added to; 0 or -ENOMEM. Where the
 * devices cannot be read nothing is said.
 */
int interfaces_advise(const struct tables *tables, struct warnings *ret);

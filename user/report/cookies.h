/* SPDX-License-Identifier: GPL-2.0 */
/* cookies.h - SYN cookies as people read of them: what there is, and what is missing, and why. */
#pragma once

#include <jansson.h>

#include "kernel/observe/snapshot.h"

/* Why nobody is answered with one, whatever is attached; NULL: who comes in by an interface that can. */
const char *cookies_missing(const struct snapshot *snapshot);

/* Why nobody who comes in by that interface is, where others are; NULL: they are, or it is not there. */
const char *cookies_missing_at(const struct interface_state *interface);

/* "syn_cookies" of a status. */
json_t *json_cookies(const struct snapshot *snapshot);

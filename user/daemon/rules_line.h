/* SPDX-License-Identifier: GPL-2.0 */
/* rules_line.h - the rules in force, their counters and who listens, as subscribers hear of it. */
#pragma once

#include <jansson.h>

#include "host/sockets.h"
#include "kernel/observe/snapshot.h"

/*
 * As kernel/feed.h has it. NULL without memory. `snapshot` NULL: nothing is applied, so there are
 * no rules; `sockets` NULL: they could not be read.
 */
json_t *rules_line_make(const struct snapshot *snapshot, const struct sockets *sockets);

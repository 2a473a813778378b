/* SPDX-License-Identifier: GPL-2.0 */
/* status_line.h - what is in force, its counters and the history's, as subscribers hear of it. */
#pragma once

#include <jansson.h>

#include "report/history.h"
#include "kernel/observe/snapshot.h"

/* As report/feed.h has it. NULL without memory. `snapshot` NULL: nothing is applied. */
json_t *status_line_make(const struct snapshot *snapshot, const struct history *history);

/* SPDX-License-Identifier: GPL-2.0 */
/* lists_line.h - bans and openings, as subscribers hear of them. */
#pragma once

#include <jansson.h>

#include "kernel/lists/timeout_list.h"

/* {"total", "entries": [...]} as kernel/feed.h has it. NULL without memory. */
json_t *lists_line_part(const struct timeout_list *list);

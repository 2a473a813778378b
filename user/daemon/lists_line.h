/* SPDX-License-Identifier: GPL-2.0 */
/* lists_line.h - bans and openings, as followers hear of them. */
#ifndef ROLEWALL_DAEMON_LISTS_LINE_H
#define ROLEWALL_DAEMON_LISTS_LINE_H

#include <jansson.h>

#include "kernel/lists/timed.h"

/* {"total", "entries": [...]} as kernel/feed.h has it. NULL without memory. */
json_t *lists_line_part(const struct timed_list *list);

#endif

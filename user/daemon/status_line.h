/* SPDX-License-Identifier: GPL-2.0 */
/* status_line.h - what is in force, its counters and the history's, as followers hear of it. */
#ifndef ROLEWALL_DAEMON_STATUS_LINE_H
#define ROLEWALL_DAEMON_STATUS_LINE_H

#include <jansson.h>

#include "daemon/history.h"
#include "kernel/observe/snapshot.h"

/*
 * {"type":"status", "version", "time_ms", "applied", "node", "roles", "mode", "generation",
 * "attached", "pending_s", "drops":{REASON: packets}, "passes":{...}, "settled":{...},
 * "unattributed":{...}, "forgotten":{REASON: packets that the history does not remember any more},
 * "events":{...}, "interfaces":[{"name","zone","hook","xdp_mode","present"}], "history_entries"}
 * NULL without memory. `snapshot` NULL: nothing is applied.
 */
json_t *status_line_make(const struct snapshot *snapshot, const struct history *history);

#endif

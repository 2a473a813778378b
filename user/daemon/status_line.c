/* SPDX-License-Identifier: GPL-2.0 */
/* status_line.c - what `rolewall status` says, and what only the daemon knows. */
#include "daemon/status_line.h"

#include "report/json.h"
#include "util/clock.h"

json_t *status_line_make(const struct snapshot *snapshot, const struct history *history)
{
	static const struct snapshot nothing;
	json_t *line = json_status(snapshot ? snapshot : &nothing);

	json_object_set_new(line, "type", json_string("status"));
	json_object_set_new(line, "version", json_integer(FEED_VERSION));
	json_object_set_new(line, "time", json_time(wall_now()));
	json_object_set_new(line, "history_entries", json_integer(history_size(history)));
	json_object_set_new(line, "forgotten", json_integer(history_forgotten(history)));
	return line;
}

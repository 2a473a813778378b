/* SPDX-License-Identifier: GPL-2.0 */
/* sums.h - attempts summed up by source or by port, as a table and as JSON. */
#pragma once

#include <jansson.h>

#include "cli/cli.h"
#include "live/rows.h"

void sums_table(const struct settings *settings, const struct rows *rows, enum group group);

/*
 * [{"source" or "port","proto","service", "packets","bytes","attempts","ports" or "sources",
 *   "reasons":[...],"first_seen","last_seen"}]
 */
json_t *json_sums(const struct rows *rows, enum group group);

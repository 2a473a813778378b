/* SPDX-License-Identifier: GPL-2.0 */
/* follow.h - blocked -f: attempts as they happen. */
#pragma once

#include "cli/cli.h"
#include "report/filter.h"

/* Until SIGINT or SIGTERM, or until the reader of stdout has gone. Returns the exit code. */
int follow_run(const struct settings *settings, const struct filter *filter);

/* SPDX-License-Identifier: GPL-2.0 */
/* node_file.h - the node file as it is now, against what is in force. */
#pragma once

#include "cli/cli.h"
#include "kernel/observe/snapshot.h"

/* Notes that it is gone, cannot be used, or has changed since it was applied. */
void note_node_file(const struct settings *settings, const struct snapshot *snapshot);

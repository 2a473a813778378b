/* SPDX-License-Identifier: GPL-2.0 */
/* state.h - what a snapshot says about hooks and interfaces, for status and apply. */
#pragma once

#include "cli/cli.h"
#include "kernel/observe/snapshot.h"

/* Read it. Returns EXIT_OK, or the exit code after printing the error. */
int state_load(const struct settings *settings, struct snapshot *ret);

void state_print_interfaces(const struct settings *settings, const struct snapshot *snapshot);

/*
 * Print an error for whatever should be attached and is not. Returns EXIT_OK if all of it is, else
 * EXIT_FAILED.
 */
int state_report_problems(const struct settings *settings, const struct snapshot *snapshot);

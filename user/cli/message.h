/* SPDX-License-Identifier: GPL-2.0 */
/*
 * message.h - messages on stderr: errors, warnings, notes.
 *
 * They may quote files: control characters never reach the terminal.
 */
#pragma once

#include "cli/cli.h"
#include "policy/compile.h"
#include "util/error.h"

void report_error(const struct settings *settings, const struct error *error);
void report_warning(const struct settings *settings, const char *where, const char *what);
void report_warnings(const struct settings *settings, const struct warnings *warnings);
void report_note(const struct settings *settings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* An error that begins here, not in a library; `hint` may be NULL. Returns -1. */
int report_failure(const struct settings *settings, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The exit code for a failure of policy/. */
int exit_code_config(int result);

/* Print why a call into policy/ or kernel/ failed, and return the exit code that says so. */
int report_config(const struct settings *settings, int result, const struct error *error);
/* -ENOENT means that nothing is applied. */
int report_kernel(const struct settings *settings, int result, const struct error *error);
/* For what changes things, where -ENOENT is an error like any other. */
int report_install(const struct settings *settings, int result, const struct error *error);

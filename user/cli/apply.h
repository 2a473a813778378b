/* SPDX-License-Identifier: GPL-2.0 */
/* apply.h - put a compiled node file in force, unless that cuts the caller's own session. */
#pragma once

#include <jansson.h>

#include "cli/config.h"
#include "kernel/commit/install.h"

/* What an apply is for, and what came of it. */
struct apply {
	const struct config *config; /* borrowed */
	struct install_request request;
	struct install_result result;
};

/* `config` is what settings->config says. Borrows from both. */
struct apply apply_begin(const struct settings *settings, const struct config *config);

/* What stands behind "--confirm"; NULL = not given. Returns 0, or -1 after printing. */
int confirm_parse(const struct settings *settings, const char *text, uint32_t *ret_seconds);

/*
 * A user must not lock himself out by mistake. Returns EXIT_OK, or EXIT_FAILED after printing why the
 * caller's own SSH session would be cut. Who insists (`force`) is warned, if the change has to be
 * confirmed; without --confirm it is refused all the same.
 */
int apply_check_own_cut(const struct settings *settings, const struct apply *apply, bool force);

/* Install it, and put bans and openings back. Returns EXIT_OK, or the exit code after printing. */
int apply_install(const struct settings *settings, struct apply *apply);

/*
 * Say what is in force now. `ret_document`: where the document of `apply --json` goes, in place of
 * a table; owned by the caller. Returns the exit code.
 */
int apply_report(const struct settings *settings, const struct apply *apply, json_t **ret_document);

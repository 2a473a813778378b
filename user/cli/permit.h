/* SPDX-License-Identifier: GPL-2.0 */
/* permit.h - allow and deny: edit the node file, show the plan, and apply it if that is asked. */
#pragma once

#include "cli/permit_request.h"

/*
 * Nothing is written before the new text has been compiled by the reader of every other verb; with
 * --apply, a policy that cannot be put in force leaves the file as it was.
 */
int permit_run(const struct settings *settings, const struct arguments *arguments, bool deny);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * checks.h - what the tests of preflight's rows have in common.
 */
#pragma once

#include "preflight/rows.h"

/* The one check of this name; the test fails where there is none, or a second. */
const struct check *check_of(const struct checks *checks, const char *id);

/* Its status, and that it says what its reader needs. */
void assert_check(const struct checks *checks, const char *id, enum check_status status);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reason.h - the reasons of include/rolewall/abi.h by name. The same names everywhere: command
 * line, JSON, metrics, documentation.
 */
#pragma once

#include <stdbool.h>

#include <rolewall/abi.h>

/* NULL: there is no such reason. */
const char *reason_name(unsigned int reason);
const char *reason_meaning(unsigned int reason);

/* A reason that exists and drops. */
bool reason_is_drop(unsigned int reason);

/* RW_REASON_*, or RW_REASON_NONE if there is no such name. */
unsigned int reason_from_name(const char *name);

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policy_dump.h - the canonical text of every stage of policy/, for golden files.
 */
#pragma once

#include <stdio.h>

#include "policy/compile.h"
#include "policy/merge.h"
#include "policy/read.h"
#include "policy/words.h"

void dump_model(FILE *out, const struct model *model);
void dump_merged(FILE *out, const struct merged *merged);
void dump_tables(FILE *out, const struct tables *tables);
void dump_warnings(FILE *out, const struct warnings *warnings);
void dump_error(FILE *out, int result, const struct error *error);

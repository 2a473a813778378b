/* SPDX-License-Identifier: GPL-2.0 */
/* usage.h - how to use it, printed from the tables of verbs and options. */
#pragma once

#include <stdio.h>

#include "cli/cli.h"

void usage_print(FILE *file);
void usage_print_verb(FILE *file, const struct verb *verb);

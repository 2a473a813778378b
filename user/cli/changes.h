/* SPDX-License-Identifier: GPL-2.0 */
/* changes.h - what opens, closes and moves between two policies, or two profiles, as a table. */
#pragma once

#include <libsmartcols/libsmartcols.h>

#include "cli/cli.h"
#include "tables/compare.h"

struct libscols_table *changes_table(const struct settings *settings);
void changes_add(struct libscols_table *table, const struct changes *changes);

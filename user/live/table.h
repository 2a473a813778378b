/* SPDX-License-Identifier: GPL-2.0 */
/* table.h - the tables of the three views: a head at `row`, under it view->page rows. Pure. */
#pragma once

#include "live/canvas.h"
#include "live/view.h"

/* Columns of the table of attempts on a screen so wide, a bit for each enum sort. */
unsigned int table_columns(int columns, enum group group);

void table_blocked(struct canvas *canvas, const struct view *view, int row);
void table_ports(struct canvas *canvas, const struct view *view, int row);
void table_lists(struct canvas *canvas, const struct view *view, int row);

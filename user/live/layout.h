/* SPDX-License-Identifier: GPL-2.0 */
/* layout.h - the view as characters on a canvas. Pure. */
#pragma once

#include "live/view.h"

/* The canvas has its size; also tells the view how many rows its table has. */
void layout_draw(struct canvas *canvas, struct view *view);

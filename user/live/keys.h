/* SPDX-License-Identifier: GPL-2.0 */
/* keys.h - what keys do to the view. Knows no terminal. */
#pragma once

#include "live/view.h"

/* Keys that are no characters. */
enum key {
	KEY_IS_UP = 0x10000,
	KEY_IS_DOWN,
	KEY_IS_PAGE_UP,
	KEY_IS_PAGE_DOWN,
	KEY_IS_HOME,
	KEY_IS_END,
	KEY_IS_BACKSPACE,
};

void view_key(struct view *view, int key);

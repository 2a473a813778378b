/* SPDX-License-Identifier: GPL-2.0 */
/* control.h - characters that a terminal obeys, in text of any origin. */
#pragma once

#include <stddef.h>
#include <string.h>

/* How many bytes the control character at `text` has: 1, or 2 for one of C1 in UTF-8. 0: it is none,
 * or it is in `except`. */
static inline size_t control_size(const char *text, const char *except)
{
	const unsigned char *bytes = (const unsigned char *)text;

	if (!bytes[0] || strchr(except, text[0]))
		return 0;
	if (bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0)
		return 2;
	return bytes[0] < ' ' || bytes[0] == 0x7f;
}

/* Put `mark` in place of their bytes. */
static inline void controls_hide(char *text, const char *except, char mark)
{
	for (size_t size; *text; text += size ? size : 1) {
		size = control_size(text, except);
		memset(text, mark, size);
	}
}

/* SPDX-License-Identifier: GPL-2.0 */
/* canvas.c - a screen in memory. */
#include "live/canvas.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int canvas_reset(struct canvas *canvas, int rows, int columns)
{
	size_t count = (size_t)rows * columns;
	struct glyph *glyphs = realloc(canvas->glyphs, (count + 1) * sizeof(*glyphs));

	if (!glyphs)
		return -ENOMEM;
	canvas->glyphs = glyphs;
	canvas->rows = rows;
	canvas->columns = columns;
	for (size_t i = 0; i < count; i++)
		glyphs[i] = (struct glyph){.character = L' '};
	return 0;
}

void canvas_free(struct canvas *canvas)
{
	free(canvas->glyphs);
	*canvas = (struct canvas){0};
}

void canvas_glyph(struct canvas *canvas, int row, int column, enum style style, wchar_t character)
{
	struct glyph *glyph;

	if (row < 0 || row >= canvas->rows || column < 0 || column >= canvas->columns)
		return;
	glyph = &canvas->glyphs[(size_t)row * canvas->columns + column];
	glyph->character = character;
	glyph->style = style;
}

static size_t character_read(const char *text, wchar_t *ret)
{
	mbstate_t state = {0};
	size_t length = mbrtowc(ret, text, MB_CUR_MAX, &state);

	if (length == (size_t)-1 || length == (size_t)-2) {
		*ret = L'?';
		return 1;
	}
	if (wcwidth(*ret) != 1)
		*ret = L'?';
	return length;
}

int canvas_put(struct canvas *canvas, int row, int column, int width, enum style style,
	       const char *text)
{
	int used = 0;

	while (*text && used < width) {
		wchar_t character;

		text += character_read(text, &character);
		if (used == width - 1 && *text && width > 1)
			character = canvas->plain ? L'~' : L'\u2026';
		canvas_glyph(canvas, row, column + used, style, character);
		used++;
	}
	return used;
}

int canvas_printf(struct canvas *canvas, int row, int column, enum style style, const char *format,
		  ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return canvas_put(canvas, row, column, canvas->columns - column, style, text);
}

void canvas_right(struct canvas *canvas, int row, int column, int width, enum style style,
		  const char *text)
{
	int length = (int)strlen(text);

	if (length > width)
		length = width;
	canvas_put(canvas, row, column + width - length, length, style, text);
}

void canvas_fill(struct canvas *canvas, int row, int column, int width)
{
	for (int i = 0; i < width; i++)
		canvas_glyph(canvas, row, column + i, STYLE_PLAIN, L' ');
}

void canvas_reverse(struct canvas *canvas, int row)
{
	for (int i = 0; row >= 0 && row < canvas->rows && i < canvas->columns; i++)
		canvas->glyphs[(size_t)row * canvas->columns + i].reverse = true;
}

void canvas_underline(struct canvas *canvas, int row)
{
	for (int i = 0; row >= 0 && row < canvas->rows && i < canvas->columns; i++)
		canvas->glyphs[(size_t)row * canvas->columns + i].underline = true;
}

const char *canvas_text(const struct canvas *canvas, int row, char *ret, size_t size)
{
	size_t length = 0, end = 0;
	mbstate_t state = {0};

	for (int i = 0; i < canvas->columns; i++) {
		wchar_t character = canvas->glyphs[(size_t)row * canvas->columns + i].character;
		char bytes[MB_LEN_MAX];
		size_t count = wcrtomb(bytes, character, &state);

		if (count == (size_t)-1 || length + count >= size)
			break;
		memcpy(ret + length, bytes, count);
		length += count;
		if (character != L' ')
			end = length;
	}
	ret[end] = '\0';
	return ret;
}

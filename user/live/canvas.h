/* SPDX-License-Identifier: GPL-2.0 */
/*
 * canvas.h - a screen in memory: characters, each of one cell, and what their colours mean. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "util/style.h"

struct glyph {
	wchar_t character;
	uint8_t style;
	bool reverse;
	bool underline;
};

/* Owning. Zeros are a screen without room. */
struct canvas {
	int rows;
	int columns;
	struct glyph *glyphs;
	bool plain; /* ASCII only */
};

/* Empty, of that size. 0 or -ENOMEM. */
int canvas_reset(struct canvas *canvas, int rows, int columns);
void canvas_free(struct canvas *canvas);

/*
 * Text at a place, no further than `width` cells; what is longer ends with a mark, what lies
 * outside is not drawn. Control characters and those that do not take one cell become "?".
 * Returns the cells used.
 */
int canvas_put(struct canvas *canvas, int row, int column, int width, enum style style,
	       const char *text);
int canvas_printf(struct canvas *canvas, int row, int column, enum style style, const char *format,
		  ...) __attribute__((format(printf, 5, 6)));
void canvas_right(struct canvas *canvas, int row, int column, int width, enum style style,
		  const char *text);
void canvas_glyph(struct canvas *canvas, int row, int column, enum style style, wchar_t character);
void canvas_fill(struct canvas *canvas, int row, int column, int width);
void canvas_reverse(struct canvas *canvas, int row);
void canvas_underline(struct canvas *canvas, int row);

/* A row in the locale's bytes, without spaces at its end. Returns `ret`. */
const char *canvas_text(const struct canvas *canvas, int row, char *ret, size_t size);

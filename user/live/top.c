/* SPDX-License-Identifier: GPL-2.0 */
/* top.c - ncurses: keys come in, the canvas goes out. */
#include "live/top.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live/keys.h"
#include "live/layout.h"

#define TICK_MS	  1000
#define ESCAPE_MS 25

/* --- the screen ------------------------------------------------------------------------------- */

static void colours_begin(bool wanted)
{
	if (!wanted || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(STYLE_GOOD, COLOR_GREEN, -1);
	init_pair(STYLE_CARE, COLOR_YELLOW, -1);
	init_pair(STYLE_BAD, COLOR_RED, -1);
}

static attr_t attributes_of(const struct glyph *glyph)
{
	attr_t attributes = glyph->underline ? A_UNDERLINE : A_NORMAL;

	if (glyph->reverse)
		return A_REVERSE;
	if (glyph->style == STYLE_BOLD)
		attributes |= A_BOLD;
	if (glyph->style == STYLE_FAINT)
		attributes |= A_DIM;
	return attributes;
}

/* Without colours_begin() pair 0 is all there is. A bar in several colours is hard to read. */
static short pair_of(const struct glyph *glyph)
{
	if (COLOR_PAIRS <= STYLE_BAD || glyph->reverse)
		return 0;
	return glyph->style == STYLE_GOOD || glyph->style == STYLE_CARE || glyph->style == STYLE_BAD
		       ? glyph->style
		       : 0;
}

static void canvas_show(const struct canvas *canvas)
{
	for (int row = 0; row < canvas->rows; row++)
		for (int column = 0; column < canvas->columns; column++) {
			const struct glyph *glyph = &canvas->glyphs[row * canvas->columns + column];
			wchar_t text[2] = {glyph->character, L'\0'};
			cchar_t cell;

			setcchar(&cell, text, attributes_of(glyph), pair_of(glyph), NULL);
			mvadd_wch(row, column, &cell);
		}
	refresh();
}

static void show(struct canvas *canvas, struct view *view)
{
	int rows, columns;

	getmaxyx(stdscr, rows, columns);
	if (canvas_reset(canvas, rows, columns))
		return;
	layout_draw(canvas, view);
	canvas_show(canvas);
}

static int screen_open(SCREEN **ret, bool colour, struct error *ret_error)
{
	const char *term = getenv("TERM");

	setlocale(LC_CTYPE, "");
	*ret = term && *term ? newterm(NULL, stdout, stdin) : NULL;
	if (!*ret) {
		error_set(ret_error, ENOTTY, "the terminal \"%s\" is not known here",
			  term ? term : "");
		error_hint(ret_error,
			   "set TERM to one that terminfo has (xterm, linux, screen), or install "
			   "ncurses-base or ncurses-term; \"rolewall blocked -f\" needs neither");
		return -ENOTTY;
	}
	set_term(*ret);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	colours_begin(colour);
	return 0;
}

/* --- keys ------------------------------------------------------------------------------------- */

static int key_of(int key)
{
	switch (key) {
	case KEY_UP:
		return KEY_IS_UP;
	case KEY_DOWN:
		return KEY_IS_DOWN;
	case KEY_PPAGE:
		return KEY_IS_PAGE_UP;
	case KEY_NPAGE:
		return KEY_IS_PAGE_DOWN;
	case KEY_HOME:
		return KEY_IS_HOME;
	case KEY_END:
		return KEY_IS_END;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		return KEY_IS_BACKSPACE;
	case KEY_ENTER:
		return '\n';
	default:
		return key;
	}
}

/* Returns whether there were any; a change of size is one. */
static bool keys_take(struct view *view)
{
	bool any = false;
	int key;

	while (!view->quit && (key = getch()) != ERR) {
		any = true;
		if (key == KEY_RESIZE)
			continue;
		/* What the key before has banned can be named by this one. */
		source_read_lists(view->source);
		view_key(view, key_of(key));
	}
	return any;
}

/* --- the loop --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* False: the terminal has gone. What the daemon tells waits for the next tick. */
static bool wait_for_keys(int64_t deadline)
{
	struct pollfd polled = {.fd = 0, .events = POLLIN};
	int64_t left = deadline - now_ms();

	poll(&polled, 1, left > 0 ? (int)left : 0);
	return !(polled.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void loop_run(struct canvas *canvas, struct view *view)
{
	int64_t deadline = now_ms() + TICK_MS;

	show(canvas, view);
	while (!view->quit && wait_for_keys(deadline)) {
		bool changed = keys_take(view);

		if (now_ms() >= deadline) {
			source_tick(view->source);
			view_refresh(view);
			deadline = now_ms() + TICK_MS;
			changed = true;
		}
		if (changed)
			show(canvas, view);
	}
}

int top_run(const struct top_options *options, const struct view_actions *actions,
	    struct error *ret_error)
{
	struct source source;
	struct canvas canvas = {0};
	struct view view;
	SCREEN *screen = NULL;
	int r = source_open(options->instance, &source, ret_error);

	if (r)
		return r;
	r = screen_open(&screen, options->colour, ret_error);
	if (!r) {
		canvas.plain = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
		view_open(&view, &source, actions);
		view.request.filter = options->filter;
		snprintf(view.filter_text, sizeof(view.filter_text), "%s", options->filter_text);
		view.stale = true;
		loop_run(&canvas, &view);
		endwin();
		delscreen(screen);
		view_close(&view);
	}
	canvas_free(&canvas);
	source_close(&source);
	return r;
}

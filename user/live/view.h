/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.h - the state of the terminal view, and what keys do to it. Knows no terminal.
 */
#pragma once

#include "live/canvas.h"
#include "live/rows.h"
#include "live/source.h"

enum tab { TAB_BLOCKED, TAB_PORTS, TAB_LISTS, TAB_COUNT };

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

/* What the line at the bottom asks for. */
enum prompt { PROMPT_NONE, PROMPT_FILTER, PROMPT_SAVE, PROMPT_BAN, PROMPT_OPEN };

#define PANEL_LINES_MAX 24

/* Lines "key  value" over the table. */
struct panel {
	const char *title; /* NULL: there is none */
	size_t count;
	struct {
		char key[16];
		char text[512];
		enum style style;
	} lines[PANEL_LINES_MAX];
};

void panel_add(struct panel *panel, const char *key, enum style style, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What is not the view's own: the same that the verbs do. Each returns 0 or -errno. */
struct view_actions {
	int (*explain)(void *context, const struct row *row, struct panel *ret,
		       struct error *ret_error);
	int (*ban)(void *context, const struct row *row, struct error *ret_error);
	int (*open)(void *context, const struct row *row, struct error *ret_error);
	/* `path` must not exist. */
	int (*save)(void *context, const char *path, const struct rows *rows, enum group group,
		    struct error *ret_error);
	const char *ban_term; /* "1 hour", as the questions say it */
	const char *open_term;
	void *context;
};

struct view {
	const struct view_actions *actions;
	struct source *source;
	struct rows_request request;
	char filter_text[128];
	enum tab tab;
	bool quit;
	bool frozen; /* the book is not opened anew */
	struct rows rows;
	uint64_t version;	/* of the book the rows are of */
	uint64_t names_version; /* and the names */
	bool stale;		/* the rows must be built anew */
	struct row anchor; /* a copy of the selected row; attempt NULL: none, the first stays it */
	struct attempt anchor_attempt;
	size_t selected[TAB_COUNT];
	size_t top[TAB_COUNT];
	int page; /* rows of the table on the screen */
	struct panel panel;
	enum prompt prompt;
	struct row asked; /* a copy: what a question is about */
	struct attempt asked_attempt;
	char input[128];
	char message[640];
	enum style message_style;
};

void view_open(struct view *view, struct source *source, const struct view_actions *actions);
void view_close(struct view *view);
void view_key(struct view *view, int key);

/* Bring the rows up to date. True: something has changed. */
bool view_refresh(struct view *view);

/* Of the tab that is shown. */
size_t view_count(const struct view *view);
const struct row *view_row(const struct view *view); /* the selected one, or NULL */

void view_say(struct view *view, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

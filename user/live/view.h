/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.h - the state of the terminal view: rows, and which of them is chosen. Knows no terminal.
 */
#pragma once

#include "live/canvas.h"
#include "live/rows.h"
#include "live/source.h"

enum tab { TAB_BLOCKED, TAB_PORTS, TAB_LISTS, TAB_COUNT };

/* What the line at the bottom asks for. */
enum prompt {
	PROMPT_NONE,
	PROMPT_FILTER,
	PROMPT_SAVE,
	PROMPT_BAN, /* from here on: yes or no */
	PROMPT_OPEN,
	PROMPT_UNBAN,
	PROMPT_CLOSE,
};

/* How long a ban or an opening can be made to last, as the questions say it, shortest first. */
struct terms {
	const char *const *words;
	size_t count;
	size_t usual; /* the one that is offered first */
};

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
	/* `term` is one of those below. */
	int (*ban)(void *context, const struct row *row, const char *term, struct error *ret_error);
	int (*open)(void *context, const struct row *row, const char *term,
		    struct error *ret_error);
	int (*unban)(void *context, const struct cidr *source, struct error *ret_error);
	int (*close)(void *context, uint32_t id, struct error *ret_error);
	/* `path` must not exist. */
	int (*save)(void *context, const char *path, const struct rows *rows, enum group group,
		    struct error *ret_error);
	struct terms ban_terms;
	struct terms open_terms;
	void *context;
};

struct view {
	const struct view_actions *actions;
	struct source *source;
	struct rows_request request;
	char filter_text[128];
	enum sort single_sort; /* of rows one by one, while they are summed up */
	bool single_ascending;
	unsigned int shown; /* columns on the screen, a bit for each enum sort; 0 = not known */
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
	struct timeout asked_entry; /* the same of the lists, without its strings */
	size_t ban_term, open_term; /* the one that is offered */
	char input[128];
	char message[640];
	enum style message_style;
};

void view_open(struct view *view, struct source *source, const struct view_actions *actions);
void view_close(struct view *view);

/* So many rows down, or up; the selection stays on the screen. */
void view_move(struct view *view, long by);

/*
 * The chosen row stays chosen, wherever it moves. The first place stays the first place, whatever
 * row is there, unless `even_first`.
 */
void view_anchor(struct view *view, bool even_first);

/* `ret` borrows from `ret_attempt`. */
void view_copy(const struct row *row, struct row *ret, struct attempt *ret_attempt);

/* Bring the rows up to date. True: something has changed. */
bool view_refresh(struct view *view);

/* Openings come first, then bans. NULL: there are not so many. */
const struct timeout *view_entry(const struct view *view, size_t i, bool *ret_open);

/* Of the tab that is shown. */
size_t view_count(const struct view *view);
const struct row *view_row(const struct view *view); /* the selected one, or NULL */

void view_say_error(struct view *view, const struct error *error);
void view_say(struct view *view, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* SPDX-License-Identifier: GPL-2.0 */
/* keys.c - what keys do. */
#include "live/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "live/question.h"
#include "util/clock.h"

#define KEY_ESCAPE 27

/* --- what keys ask for ------------------------------------------------------------------------ */

/* Sums have the largest first; one by one they are as they were. */
static void group_toggle(struct view *view, enum group group)
{
	struct rows_request *request = &view->request;

	if (request->group == GROUP_NONE) {
		view->single_sort = request->sort;
		view->single_ascending = request->ascending;
	}
	request->group = request->group == group ? GROUP_NONE : group;
	request->sort = request->group == GROUP_NONE ? view->single_sort : SORT_HITS;
	request->ascending = request->group == GROUP_NONE && view->single_ascending;
	view->anchor.attempt = NULL;
	view->selected[TAB_BLOCKED] = 0;
	view->stale = true;
}

static void sort_move(struct view *view, int by)
{
	enum sort sort = view->request.sort;

	do
		sort = (sort + SORT_COUNT + by) % SORT_COUNT;
	while (view->shown && !(view->shown & 1U << sort));
	view->request.sort = sort;
	view->request.ascending = sort >= SORT_SOURCE;
	view->stale = true;
}

static void explain(struct view *view, const struct row *row)
{
	struct error error = {0};

	view->panel = (struct panel){.title = "Explain"};
	if (view->actions->explain(view->actions->context, row, &view->panel, &error)) {
		view->panel.title = NULL;
		view_say_error(view, &error);
	}
}

/* A fold opens or closes, all else is explained. */
static void row_enter(struct view *view)
{
	const struct row *row = view_row(view);

	if (!row)
		return;
	if (!row->folded) {
		explain(view, row);
		return;
	}
	folds_toggle(&view->request.open, &row->key);
	view_anchor(view, true);
	view->stale = true;
}

static void help(struct view *view)
{
	static const char *const keys[][2] = {
		{"up down j k", "one row; PgUp PgDn a page; Home End (g G) first and last"},
		{"Enter", "explain: why, and what would change it? Of many: open, close"},
		{"/", "filter: src=10/8 port=6071 service=imap reason=zone-denied"},
		{"", "since=10m, or values alone: 10/8 6071 zone-denied; empty: all"},
		{"< >", "sort by the column to the left, to the right; r turns it round"},
		{"s  d", "sum up by source, by destination port; again: one by one"},
		{"f", "floods and scans in one row each, or all rows"},
		{"p", "freeze and go on"},
		{"b  u", "ban the source; take its ban away (asks first)"},
		{"o  c", "open the port to the source; close it (asks first)"},
		{"w", "write what is shown to a file, a JSON object a line"},
		{"Tab", "Blocked, Ports, Bans and openings (there: u, c)"},
		{"q", "quit"},
	};

	view->panel = (struct panel){.title = "Keys"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		panel_add(&view->panel, keys[i][0], STYLE_PLAIN, "%s", keys[i][1]);
}

static void prompt_begin(struct view *view, enum prompt prompt, const char *text)
{
	view->prompt = prompt;
	snprintf(view->input, sizeof(view->input), "%s", text);
}

static void tab_next(struct view *view)
{
	view->tab = (view->tab + 1) % TAB_COUNT;
	view_move(view, 0);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void filter_apply(struct view *view)
{
	struct filter filter;
	struct error error = {0};
	char line[sizeof(view->input)];

	snprintf(line, sizeof(line), "%s", view->input);
	if (filter_parse_line(line, wall_now(), &filter, &error) ||
	    filter_check_service(&filter, &view->source->names, &error)) {
		view_say_error(view, &error);
		return;
	}
	view->request.filter = filter;
	snprintf(view->filter_text, sizeof(view->filter_text), "%s", view->input);
	view->prompt = PROMPT_NONE;
	view->stale = true;
}

/* What folds hide is written, too. */
static void save(struct view *view)
{
	const struct view_actions *actions = view->actions;
	struct rows_request request = view->request;
	struct rows rows = {0};
	struct error error = {0};
	int r;

	view->prompt = PROMPT_NONE;
	request.fold = false;
	if (rows_build(&rows, &view->source->book, &view->source->names, &request))
		r = error_set(&error, ENOMEM, "out of memory");
	else
		r = actions->save(actions->context, view->input, &rows, request.group, &error);
	if (r)
		view_say_error(view, &error);
	else
		view_say(view, STYLE_GOOD, "%zu rows are in %s", rows.count, view->input);
	rows_free(&rows);
}

static void input_key(struct view *view, int key)
{
	size_t length = strlen(view->input);

	if (key == KEY_ESCAPE)
		view->prompt = PROMPT_NONE;
	else if (key == KEY_IS_BACKSPACE && length)
		view->input[length - 1] = '\0';
	else if (key == 'U' - '@')
		view->input[0] = '\0';
	else if (key >= ' ' && key < 127 && length + 1 < sizeof(view->input)) {
		view->input[length] = key;
		view->input[length + 1] = '\0';
	} else if (key == '\n')
		view->prompt == PROMPT_FILTER ? filter_apply(view) : save(view);
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool key_move(struct view *view, int key)
{
	long page = view->page > 1 ? view->page - 1 : 1, all = (long)view_count(view);

	switch (key) {
	case KEY_IS_UP:
	case 'k':
		return view_move(view, -1), true;
	case KEY_IS_DOWN:
	case 'j':
		return view_move(view, 1), true;
	case KEY_IS_PAGE_UP:
		return view_move(view, -page), true;
	case KEY_IS_PAGE_DOWN:
	case ' ':
		return view_move(view, page), true;
	case KEY_IS_HOME:
	case 'g':
		return view_move(view, -all), true;
	case KEY_IS_END:
	case 'G':
		return view_move(view, all), true;
	default:
		return false;
	}
}

/* Those that are about attempts, and u and c, which are about the lists, too. */
static bool key_blocked(struct view *view, int key)
{
	if (view->tab != TAB_PORTS && (key == 'u' || key == 'c'))
		return question_ask_end(view, key == 'u' ? PROMPT_UNBAN : PROMPT_CLOSE), true;
	if (view->tab != TAB_BLOCKED)
		return false;
	switch (key) {
	case '\n':
		return row_enter(view), true;
	case '<':
		return sort_move(view, -1), true;
	case '>':
		return sort_move(view, 1), true;
	case 'r':
		view->request.ascending = !view->request.ascending;
		return view->stale = true;
	case 's':
		return group_toggle(view, GROUP_SOURCE), true;
	case 'd':
		return group_toggle(view, GROUP_PORT), true;
	case 'f':
		view->request.fold = !view->request.fold;
		return view->stale = true;
	case 'b':
		return question_ask(view, PROMPT_BAN), true;
	case 'o':
		return question_ask(view, PROMPT_OPEN), true;
	case '/':
		return prompt_begin(view, PROMPT_FILTER, view->filter_text), true;
	case 'w':
		return prompt_begin(view, PROMPT_SAVE, "rolewall-top.jsonl"), true;
	case 'p':
		view->frozen = !view->frozen;
		return view->stale = true;
	default:
		return false;
	}
}

void view_key(struct view *view, int key)
{
	if (key == '\r')
		key = '\n';
	view->message[0] = '\0';
	if (view->prompt >= PROMPT_BAN)
		question_answer(view, key);
	else if (view->prompt != PROMPT_NONE)
		input_key(view, key);
	else if (view->panel.title)
		view->panel.title = NULL;
	else if (key == 'q')
		view->quit = true;
	else if (key == '?' || key == 'h')
		help(view);
	else if (key == '\t')
		tab_next(view);
	else if (!key_move(view, key))
		key_blocked(view, key);
	view_refresh(view);
}

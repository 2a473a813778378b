/* SPDX-License-Identifier: GPL-2.0 */
/* view.c - what keys do. */
#include "live/view.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/words.h"
#include "util/clock.h"

#define KEY_ESCAPE 27

void panel_add(struct panel *panel, const char *key, enum style style, const char *format, ...)
{
	va_list arguments;

	if (panel->count == PANEL_LINES_MAX)
		return;
	snprintf(panel->lines[panel->count].key, sizeof(panel->lines[0].key), "%s", key);
	panel->lines[panel->count].style = style;
	va_start(arguments, format);
	vsnprintf(panel->lines[panel->count].text, sizeof(panel->lines[0].text), format, arguments);
	va_end(arguments);
	panel->count++;
}

void view_say(struct view *view, enum style style, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(view->message, sizeof(view->message), format, arguments);
	va_end(arguments);
	view->message_style = style;
}

static void say_error(struct view *view, const struct error *error)
{
	view_say(view, STYLE_BAD, "%s%s%s", error->what, error->hint[0] ? "; " : "", error->hint);
}

/* --- rows ------------------------------------------------------------------------------------- */

size_t view_count(const struct view *view)
{
	switch (view->tab) {
	case TAB_PORTS:
		return view->source->snapshot.rule_count;
	case TAB_LISTS:
		return view->source->openings.count + view->source->bans.count;
	default:
		return view->rows.count;
	}
}

const struct row *view_row(const struct view *view)
{
	size_t selected = view->selected[TAB_BLOCKED];

	return view->tab == TAB_BLOCKED && selected < view->rows.count ? &view->rows.list[selected]
								       : NULL;
}

/* The selection stays on screen, and on a row that exists. */
static void selection_clamp(struct view *view)
{
	size_t count = view_count(view), page = view->page > 0 ? view->page : 1;
	size_t *selected = &view->selected[view->tab], *top = &view->top[view->tab];

	if (*selected >= count)
		*selected = count ? count - 1 : 0;
	if (*selected < *top)
		*top = *selected;
	if (*selected >= *top + page)
		*top = *selected - page + 1;
}

static void row_copy(const struct row *row, struct row *ret, struct attempt *ret_attempt)
{
	*ret_attempt = *row->attempt;
	*ret = *row;
	ret->attempt = ret_attempt;
}

/* A chosen row stays chosen, wherever it moves. The first place stays the first place. */
static void anchor_set(struct view *view)
{
	const struct row *row = view_row(view);

	view->anchor.attempt = NULL;
	if (row && view->selected[TAB_BLOCKED])
		row_copy(row, &view->anchor, &view->anchor_attempt);
}

static void anchor_follow(struct view *view)
{
	for (size_t i = 0; view->anchor.attempt && i < view->rows.count; i++)
		if (row_is_same(&view->rows.list[i], &view->anchor, view->request.group)) {
			view->selected[TAB_BLOCKED] = i;
			return;
		}
}

bool view_refresh(struct view *view)
{
	struct book *book = &view->source->book;

	/* Rules and lists come and go with every tick. */
	if (view->tab != TAB_BLOCKED)
		selection_clamp(view);
	if (!view->frozen && book_open(book))
		view_say(view, STYLE_BAD, "out of memory");
	if (!view->stale && view->version == book->version &&
	    view->names_version == view->source->names_version)
		return false;
	if (rows_build(&view->rows, book, &view->source->names, &view->request))
		view_say(view, STYLE_BAD, "out of memory");
	anchor_follow(view);
	view->version = book->version;
	view->names_version = view->source->names_version;
	view->stale = false;
	selection_clamp(view);
	return true;
}

static void selection_move(struct view *view, long by)
{
	size_t *selected = &view->selected[view->tab], count = view_count(view);

	if (by < 0 && *selected < (size_t)-by)
		*selected = 0;
	else
		*selected += by;
	if (*selected >= count)
		*selected = count ? count - 1 : 0;
	selection_clamp(view);
	if (view->tab == TAB_BLOCKED)
		anchor_set(view);
}

/* --- what keys ask for ------------------------------------------------------------------------ */

static void group_toggle(struct view *view, enum group group)
{
	view->request.group = view->request.group == group ? GROUP_NONE : group;
	view->anchor.attempt = NULL;
	view->selected[TAB_BLOCKED] = 0;
	view->stale = true;
}

static void sort_move(struct view *view, int by)
{
	enum sort sort = (view->request.sort + SORT_COUNT + by) % SORT_COUNT;

	view->request.sort = sort;
	view->request.ascending = sort >= SORT_SOURCE;
	view->stale = true;
}

static void explain(struct view *view)
{
	const struct row *row = view_row(view);
	struct error error = {0};

	if (!row)
		return;
	view->panel = (struct panel){.title = "Explain"};
	if (view->actions->explain(view->actions->context, row, &view->panel, &error)) {
		view->panel.title = NULL;
		say_error(view, &error);
	}
}

static void help(struct view *view)
{
	static const char *const keys[][2] = {
		{"up down j k", "one row; PgUp PgDn a page; Home End (g G) first and last"},
		{"Enter", "explain: why was this refused, and what would change it?"},
		{"/", "filter: src=10/8 port=6071 service=imap reason=zone-denied since=10m"},
		{"", "(or values alone: 10/8 6071 zone-denied); an empty one shows all"},
		{"< >", "sort by the column to the left, to the right; r turns the order round"},
		{"s  d", "sum up by source, by destination port; again: one by one"},
		{"p", "freeze and go on"},
		{"b", "ban the source (asks first)"},
		{"o", "open the port to the source for a while (asks first)"},
		{"w", "write what is shown to a file, a JSON object a line"},
		{"Tab", "Blocked, Ports, Bans and openings"},
		{"q", "quit"},
	};

	view->panel = (struct panel){.title = "Keys"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		panel_add(&view->panel, keys[i][0], STYLE_PLAIN, "%s", keys[i][1]);
}

static void ask(struct view *view, enum prompt prompt)
{
	const struct row *row = view_row(view);

	if (!row)
		return;
	row_copy(row, &view->asked, &view->asked_attempt);
	if (prompt == PROMPT_BAN && view->request.group == GROUP_PORT)
		view_say(view, STYLE_CARE, "many sources: choose one (d shows them one by one)");
	else if (prompt == PROMPT_OPEN && view->request.group != GROUP_NONE)
		view_say(view, STYLE_CARE, "choose one attempt (s or d shows them one by one)");
	else if (prompt == PROMPT_OPEN &&
		 (!row->attempt->record.port || (row->attempt->record.l4 != IPPROTO_TCP &&
						 row->attempt->record.l4 != IPPROTO_UDP)))
		view_say(view, STYLE_CARE, "only a TCP or UDP port can be opened");
	else
		view->prompt = prompt;
}

static void prompt_begin(struct view *view, enum prompt prompt, const char *text)
{
	view->prompt = prompt;
	snprintf(view->input, sizeof(view->input), "%s", text);
}

static void tab_next(struct view *view)
{
	view->tab = (view->tab + 1) % TAB_COUNT;
	selection_clamp(view);
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
		say_error(view, &error);
		return;
	}
	view->request.filter = filter;
	snprintf(view->filter_text, sizeof(view->filter_text), "%s", view->input);
	view->prompt = PROMPT_NONE;
	view->stale = true;
}

static void save(struct view *view)
{
	const struct view_actions *actions = view->actions;
	struct error error = {0};

	view->prompt = PROMPT_NONE;
	if (actions->save(actions->context, view->input, &view->rows, view->request.group, &error))
		say_error(view, &error);
	else
		view_say(view, STYLE_GOOD, "%zu rows are in %s", view->rows.count, view->input);
}

static void question_answer(struct view *view, int key)
{
	const struct view_actions *actions = view->actions;
	bool ban = view->prompt == PROMPT_BAN;
	struct error error = {0};

	view->prompt = PROMPT_NONE;
	if (key != 'y' && key != 'Y')
		view_say(view, STYLE_PLAIN, "nothing was changed");
	else if ((ban ? actions->ban : actions->open)(actions->context, &view->asked, &error))
		say_error(view, &error);
	else
		view_say(view, STYLE_GOOD,
			 ban ? "banned for %s; \"rolewall unban\" ends it sooner"
			     : "open for %s; \"rolewall close\" ends it sooner",
			 ban ? actions->ban_term : actions->open_term);
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
		return selection_move(view, -1), true;
	case KEY_IS_DOWN:
	case 'j':
		return selection_move(view, 1), true;
	case KEY_IS_PAGE_UP:
		return selection_move(view, -page), true;
	case KEY_IS_PAGE_DOWN:
	case ' ':
		return selection_move(view, page), true;
	case KEY_IS_HOME:
	case 'g':
		return selection_move(view, -all), true;
	case KEY_IS_END:
	case 'G':
		return selection_move(view, all), true;
	default:
		return false;
	}
}

/* Those that are about attempts. */
static bool key_blocked(struct view *view, int key)
{
	if (view->tab != TAB_BLOCKED)
		return false;
	switch (key) {
	case '\n':
		return explain(view), true;
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
	case 'b':
		return ask(view, PROMPT_BAN), true;
	case 'o':
		return ask(view, PROMPT_OPEN), true;
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
	if (view->prompt == PROMPT_BAN || view->prompt == PROMPT_OPEN)
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

void view_open(struct view *view, struct source *source, const struct view_actions *actions)
{
	*view = (struct view){.actions = actions, .source = source, .stale = true, .page = 1};
	view_refresh(view);
}

void view_close(struct view *view)
{
	rows_free(&view->rows);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* view.c - which rows there are, and which of them is chosen. */
#include "live/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void view_say_error(struct view *view, const struct error *error)
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

const struct timeout *view_entry(const struct view *view, size_t i, bool *ret_open)
{
	const struct source *source = view->source;
	size_t openings = source->openings.count;

	*ret_open = i < openings;
	if (*ret_open)
		return &source->openings.list[i];
	return i - openings < source->bans.count ? &source->bans.list[i - openings] : NULL;
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

void view_copy(const struct row *row, struct row *ret, struct attempt *ret_attempt)
{
	*ret_attempt = *row->attempt;
	*ret = *row;
	ret->attempt = ret_attempt;
}

void view_anchor(struct view *view, bool even_first)
{
	const struct row *row = view_row(view);

	view->anchor.attempt = NULL;
	if (row && (view->selected[TAB_BLOCKED] || even_first))
		view_copy(row, &view->anchor, &view->anchor_attempt);
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

void view_move(struct view *view, long by)
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
		view_anchor(view, false);
}

void view_open(struct view *view, struct source *source, const struct view_actions *actions)
{
	*view = (struct view){.actions = actions, .source = source, .stale = true, .page = 1};
	view->request.fold = true;
	view->ban_term = actions->ban_terms.usual;
	view->open_term = actions->open_terms.usual;
	view_refresh(view);
}

void view_close(struct view *view)
{
	rows_free(&view->rows);
}

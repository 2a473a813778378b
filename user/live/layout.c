/* SPDX-License-Identifier: GPL-2.0 */
/* layout.c - header, sparklines, panel, and the line at the bottom. */
#include "live/layout.h"

#include <stdio.h>
#include <string.h>

#include "live/question.h"
#include "live/table.h"
#include "live/text.h"
#include "policy/words.h"
#include "report/words.h"
#include "util/reason.h"

#define SPARKS_MAX 4
#define SPARK_ROWS 16 /* screens lower than that have no sparklines */
#define TALL_ROWS  30 /* from there on they have an axis, and room around them */
#define GAP	   1
#define NAME_WIDTH 14

/* --- header ----------------------------------------------------------------------------------- */

#define NUMBERS_WIDTH 23 /* "refused 123456 12.3k/s", with a cell before it */

/* Every node has "every-node": it says nothing. */
static const char *roles_text(const char *roles)
{
	static const char every[] = "every-node,";

	return strncmp(roles, every, sizeof(every) - 1) ? roles : roles + sizeof(every) - 1;
}

static void head_names(struct canvas *canvas, const struct view *view)
{
	const struct snapshot *snapshot = &view->source->snapshot;
	bool enforce = snapshot->flags & RW_POLICY_ENFORCE;
	int at = canvas_printf(canvas, 0, 0, STYLE_BOLD, "%s", view->source->names.snapshot.node);

	if (!source_is_applied(view->source)) {
		canvas_printf(canvas, 0, at, STYLE_BAD, "  NOT APPLIED");
		return;
	}
	at += canvas_printf(canvas, 0, at, enforce ? STYLE_GOOD : STYLE_CARE, "  %s",
			    enforce ? "enforce" : "observe");
	if (snapshot->pending.deadline)
		at += canvas_printf(canvas, 0, at, STYLE_CARE, "  not confirmed");
	at += canvas_printf(canvas, 0, at, STYLE_PLAIN, "  generation %u", snapshot->generation);
	canvas_put(canvas, 0, at + 2, canvas->columns - NUMBERS_WIDTH - at - 2, STYLE_FAINT,
		   roles_text(snapshot->roles));
}

static int head_hook(struct canvas *canvas, int at, int end, const char *name, const char *hook)
{
	char text[32];

	snprintf(text, sizeof(text), " %s:", name);
	at += canvas_put(canvas, 1, at, end - at, STYLE_PLAIN, text);
	return at + canvas_put(canvas, 1, at, end - at, hook ? STYLE_GOOD : STYLE_BAD,
			       hook ? hook : "off");
}

/* Where there is no room for all, those that are off come first. */
static void head_hooks(struct canvas *canvas, const struct snapshot *snapshot, int end)
{
	bool cgroup = snapshot->cgroup_ingress && snapshot->cgroup_egress;
	int at = canvas_put(canvas, 1, 0, end, STYLE_FAINT, "hooks");

	if (!cgroup)
		at = head_hook(canvas, at, end, "cgroup", NULL);
	for (int off = 1; off >= 0; off--)
		for (size_t i = 0; i < snapshot->interface_count && at < end; i++) {
			const struct interface_state *interface = &snapshot->interfaces[i];

			if ((interface->hook == HOOK_NONE) == off)
				at = head_hook(canvas, at, end, interface->name,
					       off ? NULL : hook_word(interface->hook));
		}
	if (cgroup)
		head_hook(canvas, at, end, "cgroup", "on");
}

static bool is_enforcing(const struct source *source)
{
	return source->snapshot.flags & RW_POLICY_ENFORCE;
}

/* What is refused; in mode observe, what would be. */
static uint64_t total_of(const struct source *source, unsigned int reason)
{
	return (is_enforcing(source) ? snapshot_count : snapshot_observed)(&source->snapshot,
									   reason)
		.packets;
}

/* What it is since the policy's maps are there, and now. */
static void head_number(struct canvas *canvas, int row, const char *name, uint64_t total,
			double rate, enum style style)
{
	int at = canvas->columns - NUMBERS_WIDTH + 1;
	char text[24], speed[26];

	canvas_fill(canvas, row, at - 1, NUMBERS_WIDTH);
	canvas_put(canvas, row, at, 7, STYLE_FAINT, name);
	canvas_right(canvas, row, at + 8, 6, STYLE_PLAIN, number_text(total, 6, text));
	snprintf(speed, sizeof(speed), "%s/s", rate > 0 ? rate_text(rate, text) : "0");
	canvas_right(canvas, row, at + 15, 7, rate > 0 ? style : STYLE_FAINT, speed);
}

/* Normally there are none, and nothing is said. */
static int head_lost(struct canvas *canvas, const struct view *view)
{
	unsigned long long lost = view->source->snapshot.events.lost;
	char text[48];
	int length, at;

	if (!lost)
		return canvas->columns - NUMBERS_WIDTH;
	length = snprintf(text, sizeof(text), "events lost %llu", lost);
	at = canvas->columns - NUMBERS_WIDTH - length - 1;
	canvas_put(canvas, 1, at, length, STYLE_CARE, text);
	return at - 1;
}

static void head_draw(struct canvas *canvas, const struct view *view)
{
	const struct source *source = view->source;

	head_names(canvas, view);
	if (source_is_applied(source))
		head_hooks(canvas, &source->snapshot, head_lost(canvas, view));
	if (canvas->columns < 2 * NUMBERS_WIDTH)
		return;
	head_number(canvas, 0, "passed", source->passed, source->pass_rate, STYLE_GOOD);
	if (is_enforcing(source))
		head_number(canvas, 1, "refused", source->dropped, source->drop_rate, STYLE_BAD);
	else
		head_number(canvas, 1, "observe", source->observed, source->drop_rate, STYLE_CARE);
}

/* Under the sparklines: how far back they go. */
static void axis_draw(struct canvas *canvas, int row, int width)
{
	canvas_printf(canvas, row, NAME_WIDTH, STYLE_FAINT, "%d min ago",
		      width * SPARK_SECONDS / 60);
	canvas_right(canvas, row, NAME_WIDTH, width, STYLE_FAINT, "now");
	canvas_right(canvas, row, NAME_WIDTH + width + GAP, 7, STYLE_FAINT, "total");
}

static void spark_draw(struct canvas *canvas, const struct source *source, int row, uint8_t reason,
		       int width)
{
	const struct spark *spark = &source->spark;
	static const char ascii[SPARK_LEVELS + 1] = {' ', '.', ':', '-', '=', '+', '*', '%', '#'};
	uint64_t max = spark_max(spark, width);
	char sum[24];

	canvas_put(canvas, row, 0, NAME_WIDTH - 1, STYLE_PLAIN, reason_name(reason));
	for (int age = 0; age < width; age++) {
		unsigned int level = spark_level(spark_at(spark, reason, age), max);
		wchar_t bar = canvas->plain ? (wchar_t)ascii[level]
			      : level	    ? (wchar_t)(0x2580 + level)
					    : L' ';

		canvas_glyph(canvas, row, NAME_WIDTH + width - 1 - age, STYLE_BAD, bar);
	}
	canvas_right(canvas, row, NAME_WIDTH + width + GAP, 7, STYLE_PLAIN,
		     number_text(total_of(source, reason), 7, sum));
}

/* Those of the last minutes, and behind them those of before, most first. Returns how many. */
static size_t reasons_choose(const struct source *source, int width, uint8_t *ret, size_t size)
{
	size_t count = spark_reasons(&source->spark, width, ret, size);

	while (count < size) {
		uint64_t most = 0;

		for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
			uint64_t total = reason_is_drop(reason) ? total_of(source, reason) : 0;

			if (total <= most || memchr(ret, (int)reason, count))
				continue;
			ret[count] = reason;
			most = total;
		}
		if (!most)
			break;
		count++;
	}
	return count;
}

/* Returns the rows used. */
static int sparks_draw(struct canvas *canvas, const struct view *view, int row)
{
	int width = canvas->columns - NAME_WIDTH - GAP - 7;
	const struct source *source = view->source;
	uint8_t reasons[SPARKS_MAX];
	bool tall = canvas->rows >= TALL_ROWS;
	size_t count, room = tall ? SPARKS_MAX : 3;

	if (canvas->rows < SPARK_ROWS || width < 10)
		return 0;
	if (width > SPARK_STEPS)
		width = SPARK_STEPS;
	row += tall;
	count = source_is_applied(source) ? reasons_choose(source, width, reasons, room) : 0;
	for (size_t i = 0; i < count; i++)
		spark_draw(canvas, source, row + (int)i, reasons[i], width);
	if (!count)
		canvas_printf(canvas, row, 0, STYLE_FAINT, "nothing was refused so far");
	if (tall && count)
		axis_draw(canvas, row + (int)count, width);
	/* Always as many, or the table would jump. */
	return (int)room + 3 * tall;
}

static int tab_count(struct canvas *canvas, const struct view *view, int row, int at)
{
	const struct rows *rows = &view->rows;

	if (view->tab == TAB_BLOCKED && rows->count < rows->unfolded)
		return canvas_printf(canvas, row, at, STYLE_BOLD, "%zu in %zu row%s] ",
				     rows->unfolded, rows->count, rows->count == 1 ? "" : "s");
	return canvas_printf(canvas, row, at, STYLE_BOLD, "%zu] ",
			     view->tab == TAB_BLOCKED ? rows->unfolded : view_count(view));
}

static void tabs_draw(struct canvas *canvas, const struct view *view, int row)
{
	static const char *const names[TAB_COUNT] = {"Blocked", "Ports", "Bans and openings"};
	static const char *const groups[] = {"", "  by source", "  by port"};
	int at = 0;

	for (int tab = 0; tab < TAB_COUNT; tab++) {
		bool shown = tab == (int)view->tab;

		at += canvas_printf(canvas, row, at, shown ? STYLE_BOLD : STYLE_FAINT,
				    shown ? "[%s " : " %s  ", names[tab]);
		if (shown)
			at += tab_count(canvas, view, row, at);
	}
	if (view->tab != TAB_BLOCKED)
		return;
	at += canvas_printf(canvas, row, at, STYLE_PLAIN, "%s", groups[view->request.group]);
	if (view->frozen)
		at += canvas_printf(canvas, row, at, STYLE_CARE, "  FROZEN");
	if (view->filter_text[0])
		canvas_printf(canvas, row, at, STYLE_CARE, "  /%s", view->filter_text);
}

/* --- panel and bottom line -------------------------------------------------------------------- */

static void panel_draw(struct canvas *canvas, const struct panel *panel, int row)
{
	int line = row, end = canvas->rows - 1;

	for (int i = row; i < end; i++)
		canvas_fill(canvas, i, 0, canvas->columns);
	canvas_printf(canvas, line, 1, STYLE_BOLD, "%s", panel->title);
	canvas_reverse(canvas, line++);
	for (size_t i = 0; i < panel->count && line < end; i++) {
		const char *text = panel->lines[i].text;
		size_t width =
			canvas->columns > NAME_WIDTH + 2 ? canvas->columns - NAME_WIDTH - 1 : 1;

		canvas_put(canvas, line, 1, NAME_WIDTH - 2, STYLE_FAINT, panel->lines[i].key);
		do {
			size_t take = strlen(text);

			if (take > width) {
				for (take = width; take && text[take] != ' '; take--)
					;
				take = take ? take : width;
			}
			for (size_t j = 0; j < take; j++)
				canvas_put(canvas, line, NAME_WIDTH + (int)j, 1,
					   panel->lines[i].style, (char[]){text[j], '\0'});
			text += take + (text[take] == ' ');
			line++;
		} while (*text && line < end);
	}
}

/* Only what does something here, as much of it as there is room for. */
static void keys_text(const struct view *view, int columns, char *ret, size_t size)
{
	static const char blocked[] =
		"/ filter  < > sort  s d sum up  f fold  b ban  o open  ? help";
	static const char more[] = "  u unban  c close  p freeze  Tab next view  q quit";
	const struct row *row = view_row(view);
	const char *enter = row && row->folded ? (row->open ? "close" : "open") : "explain";

	if (view->tab == TAB_BLOCKED)
		snprintf(ret, size, "Enter %s  %s%s", enter, blocked,
			 columns >= (int)(sizeof(blocked) + sizeof(more) + 14) ? more : "");
	else
		snprintf(ret, size, "Tab next view  j k move  %s? help  q quit",
			 view->tab == TAB_LISTS ? "u unban  c close  " : "");
}

/* Where the line is too short for words, the keys say enough. */
static void question_text(const struct view *view, int columns, char *ret, size_t size)
{
	static const char *const ends[] = {"y yes, n no, + longer, - shorter", "y/n, + or -"};
	char source[CIDR_TEXT_MAX], port[PROTOCOL_TEXT_MAX];
	const struct timeout *entry = &view->asked_entry;

	if (view->prompt == PROMPT_UNBAN || view->prompt == PROMPT_CLOSE)
		cidr_format(entry->source.source, entry->source.length, source);
	else
		cidr_format(view->asked.attempt->record.source, 128, source);
	for (size_t i = 0; i < 2; i++) {
		int length = 0;

		if (view->prompt == PROMPT_UNBAN)
			length =
				snprintf(ret, size, "Take the ban of %s away? y yes, n no", source);
		else if (view->prompt == PROMPT_CLOSE)
			length = snprintf(ret, size, "Close %u/%s to %s? y yes, n no", entry->port,
					  word_of(words_l4, entry->l4), source);
		else if (view->prompt == PROMPT_BAN)
			length = snprintf(ret, size, "Ban %s for %s? %s", source,
					  question_term(view), ends[i]);
		else
			length = snprintf(ret, size, "Open %s to %s for %s? %s",
					  port_text(&view->asked.attempt->record, port), source,
					  question_term(view), ends[i]);
		if (length <= columns)
			return;
	}
}

static void bottom_text(const struct view *view, int columns, char *ret, size_t size)
{
	if (view->prompt >= PROMPT_BAN)
		question_text(view, columns, ret, size);
	else if (view->message[0])
		snprintf(ret, size, "%s", view->message);
	else if (view->prompt != PROMPT_NONE)
		snprintf(ret, size, "%s%s_",
			 view->prompt == PROMPT_FILTER ? "/" : "write to: ", view->input);
	else if (view->source->error.what[0])
		snprintf(ret, size, "%s", view->source->error.what);
	else if (view->panel.title)
		snprintf(ret, size, "any key: back");
	else
		keys_text(view, columns, ret, size);
}

static void bottom_draw(struct canvas *canvas, const struct view *view)
{
	bool asks = view->prompt >= PROMPT_BAN;
	char text[1024];
	enum style style = asks				 ? STYLE_CARE
			   : view->message[0]		 ? view->message_style
			   : view->prompt != PROMPT_NONE ? STYLE_BOLD
			   : view->source->error.what[0] ? STYLE_BAD
							 : STYLE_FAINT;

	bottom_text(view, canvas->columns, text, sizeof(text));
	canvas_put(canvas, canvas->rows - 1, 0, canvas->columns, style, text);
}

void layout_draw(struct canvas *canvas, struct view *view)
{
	static void (*const tables[TAB_COUNT])(struct canvas *, const struct view *,
					       int) = {[TAB_BLOCKED] = table_blocked,
						       [TAB_PORTS] = table_ports,
						       [TAB_LISTS] = table_lists};
	int row = 2;

	view->shown = table_columns(canvas->columns, view->request.group);
	head_draw(canvas, view);
	row += sparks_draw(canvas, view, row);
	tabs_draw(canvas, view, row++);
	view->page = canvas->rows - row - 2 > 0 ? canvas->rows - row - 2 : 0;
	if (view->selected[view->tab] >= view->top[view->tab] + (view->page ? view->page : 1))
		view->top[view->tab] =
			view->selected[view->tab] - (view->page ? view->page : 1) + 1;
	tables[view->tab](canvas, view, row);
	if (view->page && view_count(view))
		canvas_reverse(canvas,
			       row + 1 + (int)(view->selected[view->tab] - view->top[view->tab]));
	if (view->panel.title)
		panel_draw(canvas, &view->panel, row);
	canvas_fill(canvas, canvas->rows - 1, 0, canvas->columns);
	bottom_draw(canvas, view);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* layout.c - header, sparklines, panel, and the line at the bottom. */
#include "live/layout.h"

#include <stdio.h>
#include <string.h>

#include "live/table.h"
#include "live/text.h"
#include "report/words.h"
#include "util/reason.h"

#define SPARKS_MAX 4
#define SPARK_ROWS 16 /* screens lower than that have no sparklines */
#define TALL_ROWS  30 /* from there on they have an axis, and room around them */
#define GAP	   1
#define NAME_WIDTH 14

/* --- header ----------------------------------------------------------------------------------- */

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
	at += canvas_printf(canvas, 0, at, STYLE_PLAIN, "  generation %u", snapshot->generation);
	if (snapshot->pending.deadline)
		at += canvas_printf(canvas, 0, at, STYLE_CARE, "  not confirmed");
	canvas_printf(canvas, 0, at, STYLE_FAINT, "  %s", snapshot->roles);
}

static int head_hook(struct canvas *canvas, int at, const char *name, const char *hook)
{
	at += canvas_printf(canvas, 1, at, STYLE_PLAIN, " %s:", name);
	return at + canvas_printf(canvas, 1, at, hook ? STYLE_GOOD : STYLE_BAD, "%s",
				  hook ? hook : "off");
}

static void head_hooks(struct canvas *canvas, const struct snapshot *snapshot, int width)
{
	int at = canvas_printf(canvas, 1, 0, STYLE_FAINT, "hooks");

	for (size_t i = 0; i < snapshot->interface_count && at < width; i++) {
		const struct interface_state *interface = &snapshot->interfaces[i];

		at = head_hook(canvas, at, interface->name,
			       interface->hook == HOOK_NONE ? NULL : hook_word(interface->hook));
	}
	head_hook(canvas, at, "cgroup",
		  snapshot->cgroup_ingress && snapshot->cgroup_egress ? "on" : NULL);
}

static const char *flow_text(double rate, char ret[24])
{
	return rate > 0 ? rate_text(rate, ret) : "0";
}

static void head_rates(struct canvas *canvas, const struct view *view)
{
	const struct source *source = view->source;
	unsigned long long lost = source->snapshot.events.lost;
	char pass_room[24], drop_room[24], text[128];
	const char *pass = flow_text(source->pass_rate, pass_room);
	const char *drop = flow_text(source->drop_rate, drop_room);
	int length = snprintf(text, sizeof(text), "pass %s/s  drop %s/s  events lost %llu", pass,
			      drop, lost);
	int at = canvas->columns - length;

	if (at < 2)
		at = 2;
	if (source_is_applied(source))
		head_hooks(canvas, &source->snapshot, at - 2);
	canvas_fill(canvas, 1, at - 2, canvas->columns - at + 2);
	at += canvas_printf(canvas, 1, at, STYLE_FAINT, "pass ");
	at += canvas_printf(canvas, 1, at, STYLE_GOOD, "%s/s", pass);
	at += canvas_printf(canvas, 1, at, STYLE_FAINT, "  drop ");
	at += canvas_printf(canvas, 1, at, source->drop_rate > 0 ? STYLE_BAD : STYLE_PLAIN, "%s/s",
			    drop);
	at += canvas_printf(canvas, 1, at, STYLE_FAINT, "  events lost ");
	canvas_printf(canvas, 1, at, lost ? STYLE_CARE : STYLE_PLAIN, "%llu", lost);
}

/* Under the sparklines: how far back they go. */
static void axis_draw(struct canvas *canvas, int row, int width)
{
	canvas_printf(canvas, row, NAME_WIDTH, STYLE_FAINT, "%d min ago",
		      width * SPARK_SECONDS / 60);
	canvas_right(canvas, row, NAME_WIDTH, width, STYLE_FAINT, "now");
	canvas_right(canvas, row, NAME_WIDTH + width + GAP, 7, STYLE_FAINT, "total");
}

static void spark_draw(struct canvas *canvas, const struct spark *spark, int row, uint8_t reason,
		       int width)
{
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
		     number_text(spark_sum(spark, reason, width), 7, sum));
}

/* Returns the rows used. */
static int sparks_draw(struct canvas *canvas, const struct view *view, int row)
{
	int width = canvas->columns - NAME_WIDTH - GAP - 7;
	const struct spark *spark = &view->source->spark;
	uint8_t reasons[SPARKS_MAX];
	bool tall = canvas->rows >= TALL_ROWS;
	size_t count, room = tall ? SPARKS_MAX : 3;

	if (canvas->rows < SPARK_ROWS || width < 10)
		return 0;
	if (width > SPARK_STEPS)
		width = SPARK_STEPS;
	row += tall;
	count = spark_reasons(spark, width, reasons, room);
	for (size_t i = 0; i < count; i++)
		spark_draw(canvas, spark, row + (int)i, reasons[i], width);
	if (!count)
		canvas_printf(canvas, row, 0, STYLE_FAINT, "%s",
			      spark_covers(spark, width) ? "nothing was refused in the last minutes"
							 : "nothing refused since this view began");
	if (tall && count)
		axis_draw(canvas, row + (int)count, width);
	/* Always as many, or the table would jump. */
	return (int)room + 3 * tall;
}

static void tabs_draw(struct canvas *canvas, const struct view *view, int row)
{
	static const char *const names[TAB_COUNT] = {"Blocked", "Ports", "Bans and openings"};
	static const char *const groups[] = {"", "  by source", "  by port"};
	int at = 0;

	for (int tab = 0; tab < TAB_COUNT; tab++) {
		bool shown = tab == (int)view->tab;

		at += canvas_printf(canvas, row, at, shown ? STYLE_BOLD : STYLE_FAINT,
				    shown ? "[%s %zu] " : " %s  ", names[tab], view_count(view));
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

/* Only what does something here. */
static void keys_text(const struct view *view, int columns, char *ret, size_t size)
{
	static const char blocked[] = "Enter explain  / filter  < > sort  s d sum up  p freeze  "
				      "b ban  o open  ? help";
	static const char more[] = "  Tab next view  q quit";
	bool room = columns >= (int)(sizeof(blocked) + sizeof(more) - 2);

	if (view->tab == TAB_BLOCKED)
		snprintf(ret, size, "%s%s", blocked, room ? more : "");
	else
		snprintf(ret, size, "Tab next view  j k move  ? help  q quit");
}

static void bottom_text(const struct view *view, int columns, char *ret, size_t size)
{
	char source[CIDR_TEXT_MAX] = "", port[PROTOCOL_TEXT_MAX];

	if (view->prompt == PROMPT_BAN || view->prompt == PROMPT_OPEN)
		cidr_format(view->asked.attempt->record.source, 128, source);
	if (view->prompt == PROMPT_BAN)
		snprintf(ret, size, "Ban %s for %s: nothing from it gets in? y/n", source,
			 view->actions->ban_term);
	else if (view->prompt == PROMPT_OPEN)
		snprintf(ret, size, "Open %s to %s for %s? y/n",
			 port_text(&view->asked.attempt->record, port), source,
			 view->actions->open_term);
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
	bool asks = view->prompt == PROMPT_BAN || view->prompt == PROMPT_OPEN;
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

	head_names(canvas, view);
	head_rates(canvas, view);
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

/* SPDX-License-Identifier: GPL-2.0 */
/* layout.c - header, sparklines, table, panel, and the line at the bottom. */
#include "layout.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../policy/words.h"
#include "../util/array.h"
#include "../util/reason.h"

#define SPARKS_MAX 4
#define SPARK_ROWS 16 /* screens lower than that have no sparklines */
#define GAP	   1
#define NAME_WIDTH 14

/* --- text ------------------------------------------------------------------------------------- */

const char *number_text(uint64_t number, int width, char ret[24])
{
	static const char units[] = "kMGTP";
	double value = (double)number;
	int unit = -1;

	if (snprintf(ret, 24, "%llu", (unsigned long long)number) <= width)
		return ret;
	while (value >= 999.5 && units[unit + 1]) {
		value /= 1000;
		unit++;
	}
	snprintf(ret, 24, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return ret;
}

const char *rate_text(double rate, char ret[24])
{
	if (rate <= 0)
		snprintf(ret, 24, "-");
	else if (rate < 9.95)
		snprintf(ret, 24, "%.1f", rate);
	else
		number_text((uint64_t)(rate + 0.5), 5, ret);
	return ret;
}

/* Time of day; of other days the day. */
static const char *when_text(int64_t ns, char ret[24])
{
	time_t seconds = ns / 1000000000LL, now = time(NULL);
	struct tm when, today;

	if (!ns)
		return "-";
	localtime_r(&seconds, &when);
	localtime_r(&now, &today);
	strftime(ret, 24, when.tm_yday == today.tm_yday ? "%H:%M:%S" : "%d %b", &when);
	return ret;
}

static const char *port_text(const struct rw_attempt *record, char ret[24])
{
	const char *protocol = word_of(words_protocols, record->l4);

	if (attempt_has_port(record))
		snprintf(ret, 24, "%u/%s", record->port, protocol);
	else if (protocol || !record->l4)
		snprintf(ret, 24, "%s", protocol ? protocol : "-");
	else
		snprintf(ret, 24, "%u", record->l4);
	return ret;
}

/* --- header ----------------------------------------------------------------------------------- */

static void head_names(struct canvas *canvas, const struct view *view)
{
	const struct snapshot *snapshot = &view->source->snapshot;
	bool enforce = snapshot->flags & RW_POLICY_ENFORCE;
	int at = canvas_printf(canvas, 0, 0, TONE_BOLD, "%s", snapshot->node);

	at += canvas_printf(canvas, 0, at, enforce ? TONE_GOOD : TONE_CARE, "  %s",
			    enforce ? "enforce" : "observe");
	at += canvas_printf(canvas, 0, at, TONE_PLAIN, "  generation %u", snapshot->generation);
	if (snapshot->pending.deadline)
		at += canvas_printf(canvas, 0, at, TONE_CARE, "  not confirmed");
	canvas_printf(canvas, 0, at, TONE_FAINT, "  %s", snapshot->roles);
}

static int head_hook(struct canvas *canvas, int at, const char *name, const char *hook)
{
	at += canvas_printf(canvas, 1, at, TONE_PLAIN, " %s:", name);
	return at +
	       canvas_printf(canvas, 1, at, hook ? TONE_GOOD : TONE_BAD, "%s", hook ? hook : "off");
}

static void head_hooks(struct canvas *canvas, const struct snapshot *snapshot, int width)
{
	int at = canvas_printf(canvas, 1, 0, TONE_FAINT, "hooks");

	for (size_t i = 0; i < snapshot->interface_count && at < width; i++) {
		const struct interface_state *interface = &snapshot->interfaces[i];

		at = head_hook(canvas, at, interface->name,
			       interface->hook == HOOK_XDP	? "xdp"
			       : interface->hook == HOOK_CGROUP ? "cgroup"
								: NULL);
	}
	head_hook(canvas, at, "cgroup",
		  snapshot->cgroup_ingress && snapshot->cgroup_egress ? "on" : NULL);
}

static void head_rates(struct canvas *canvas, const struct view *view)
{
	const struct source *source = view->source;
	unsigned long long lost = source->snapshot.events.lost;
	char pass[24], drop[24], text[128];
	int length = snprintf(text, sizeof(text), "pass %s/s  drop %s/s  events lost %llu",
			      rate_text(source->pass_rate, pass),
			      rate_text(source->drop_rate, drop), lost);
	int at = canvas->columns - length;

	if (at < 2)
		at = 2;
	head_hooks(canvas, &source->snapshot, at - 2);
	canvas_fill(canvas, 1, at - 2, canvas->columns - at + 2);
	at += canvas_printf(canvas, 1, at, TONE_FAINT, "pass ");
	at += canvas_printf(canvas, 1, at, TONE_GOOD, "%s/s", pass);
	at += canvas_printf(canvas, 1, at, TONE_FAINT, "  drop ");
	at += canvas_printf(canvas, 1, at, source->drop_rate > 0 ? TONE_BAD : TONE_PLAIN, "%s/s",
			    drop);
	at += canvas_printf(canvas, 1, at, TONE_FAINT, "  events lost ");
	canvas_printf(canvas, 1, at, lost ? TONE_CARE : TONE_PLAIN, "%llu", lost);
}

static void spark_draw(struct canvas *canvas, const struct spark *spark, int row, uint8_t reason,
		       int width)
{
	static const char ascii[SPARK_LEVELS + 1] = {' ', '.', ':', '-', '=', '+', '*', '%', '#'};
	uint64_t max = spark_max(spark, width);
	char sum[24];

	canvas_put(canvas, row, 0, NAME_WIDTH - 1, TONE_PLAIN, reason_name(reason));
	for (int age = 0; age < width; age++) {
		unsigned int level = spark_level(spark_at(spark, reason, age), max);
		wchar_t bar = canvas->plain ? (wchar_t)ascii[level]
			      : level	    ? (wchar_t)(0x2580 + level)
					    : L' ';

		canvas_glyph(canvas, row, NAME_WIDTH + width - 1 - age, TONE_BAD, bar);
	}
	canvas_right(canvas, row, NAME_WIDTH + width + GAP, 7, TONE_PLAIN,
		     number_text(spark_sum(spark, reason, width), 7, sum));
}

/* Returns the rows used. */
static int sparks_draw(struct canvas *canvas, const struct view *view, int row)
{
	int width = canvas->columns - NAME_WIDTH - GAP - 7;
	const struct spark *spark = &view->source->spark;
	uint8_t reasons[SPARKS_MAX];
	size_t count, room = canvas->rows >= 30 ? SPARKS_MAX : 3;

	if (canvas->rows < SPARK_ROWS || width < 10)
		return 0;
	if (width > SPARK_STEPS)
		width = SPARK_STEPS;
	count = spark_reasons(spark, width, reasons, room);
	for (size_t i = 0; i < count; i++)
		spark_draw(canvas, spark, row + (int)i, reasons[i], width);
	if (!count)
		canvas_printf(canvas, row, 0, TONE_FAINT,
			      "nothing was refused in the last minutes");
	/* Always as many, or the table would jump. */
	return (int)room;
}

static void tabs_draw(struct canvas *canvas, const struct view *view, int row)
{
	static const char *const names[TAB_COUNT] = {"Blocked", "Ports", "Bans and openings"};
	static const char *const groups[] = {"", "  by source", "  by port"};
	int at = 0;

	for (int tab = 0; tab < TAB_COUNT; tab++) {
		bool shown = tab == (int)view->tab;

		at += canvas_printf(canvas, row, at, shown ? TONE_BOLD : TONE_FAINT,
				    shown ? "[%s %zu] " : " %s  ", names[tab], view_count(view));
	}
	if (view->tab != TAB_BLOCKED)
		return;
	at += canvas_printf(canvas, row, at, TONE_PLAIN, "%s", groups[view->request.group]);
	if (view->frozen)
		at += canvas_printf(canvas, row, at, TONE_CARE, "  FROZEN");
	if (view->filter_text[0])
		canvas_printf(canvas, row, at, TONE_CARE, "  /%s", view->filter_text);
}

/* --- tables ----------------------------------------------------------------------------------- */

struct field {
	const char *name;
	int width;
	bool right;
};

static int fields_head(struct canvas *canvas, int row, const struct field *fields, int count,
		       int marked, bool ascending)
{
	int at = 0;

	for (int i = 0; i < count; i++) {
		char name[32];
		const char *mark = i != marked	   ? ""
				   : canvas->plain ? (ascending ? "^" : "v")
						   : (ascending ? "\u25b4" : "\u25be");
		int width = fields[i].width, used;

		snprintf(name, sizeof(name), "%s", fields[i].name);
		used = (int)strlen(name) + (*mark != '\0');
		at += fields[i].right && used < width ? width - used : 0;
		canvas_put(canvas, row, at, width, TONE_BOLD, name);
		if (*mark && used <= width)
			canvas_put(canvas, row, at + used - 1, 1, TONE_BOLD, mark);
		at += (fields[i].right && used < width ? used : width) + GAP;
	}
	canvas_reverse(canvas, row);
	return at;
}

static void field_put(struct canvas *canvas, int row, int *at, const struct field *field,
		      enum tone tone, const char *text)
{
	if (field->right)
		canvas_right(canvas, row, *at, field->width, tone, text);
	else
		canvas_put(canvas, row, *at, field->width, tone, text);
	*at += field->width + GAP;
}

/* What is left over goes first to the source, then to the service, then to the rule. */
static void blocked_widths(const struct canvas *canvas, const struct view *view,
			   struct field fields[SORT_COUNT])
{
	int source = 15, spare = canvas->columns;
	size_t top = view->top[TAB_BLOCKED];

	for (size_t i = top; i < view->rows.count && i < top + view->page; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(view->rows.list[i].attempt->record.source, 128, text);
		if ((int)strlen(text) > source)
			source = (int)strlen(text);
	}
	for (int i = 0; i < SORT_COUNT; i++)
		spare -= fields[i].width + (i ? GAP : 0);
	if (spare <= 0)
		return;
	source -= fields[SORT_SOURCE].width;
	fields[SORT_SOURCE].width += source < spare ? source : spare;
	spare -= source < spare ? source : spare;
	if (spare > 8) {
		fields[SORT_SERVICE].width += 8;
		spare -= 8;
	}
	fields[SORT_RULE].width += spare;
}

static void rule_name(const struct row *row, int width, char *ret, size_t size)
{
	const char *role = row->rule ? row->rule->role : "-";

	if (!row->rule || snprintf(ret, size, "%s/%s", role, row->rule->service) > width)
		snprintf(ret, size, "%s", role);
}

static const char *many_text(size_t count, const char *noun, char ret[24])
{
	snprintf(ret, 24, "%zu %s%s", count, noun, count == 1 ? "" : "s");
	return ret;
}

static void blocked_cells(const struct view *view, const struct row *row,
			  const struct field *fields, char cells[SORT_COUNT][96])
{
	enum group group = view->request.group;
	char text[24];
	bool one = group == GROUP_NONE || row->others == 1;

#define CELL(cell, ...) snprintf(cells[cell], sizeof(cells[0]), __VA_ARGS__)
	CELL(SORT_LAST, "%s", when_text(row->last_ns, text));
	CELL(SORT_HITS, "%s", number_text(row->packets, fields[SORT_HITS].width, text));
	CELL(SORT_RATE, "%s", rate_text(row->rate, text));
	if (group == GROUP_PORT && !one)
		CELL(SORT_SOURCE, "%s", many_text(row->others, "source", text));
	else
		cidr_format(row->attempt->record.source, 128, cells[SORT_SOURCE]);
	if (group == GROUP_SOURCE && !one)
		CELL(SORT_PORT, "%s", many_text(row->others, "port", text));
	else
		CELL(SORT_PORT, "%s", port_text(&row->attempt->record, text));
	one = one || group == GROUP_PORT;
	CELL(SORT_SERVICE, "%s", !one ? "" : row->rule ? row->rule->service : "-");
	if (row->reasons & (row->reasons - 1))
		CELL(SORT_REASON, "%d reasons", __builtin_popcountll(row->reasons));
	else
		CELL(SORT_REASON, "%s", reason_name(row->attempt->record.reason));
	if (one)
		rule_name(row, fields[SORT_RULE].width, cells[SORT_RULE], sizeof(cells[0]));
	else
		CELL(SORT_RULE, "%s", "");
#undef CELL
}

static void blocked_row(struct canvas *canvas, const struct view *view, int screen_row,
			const struct row *row, const struct field *fields)
{
	char cells[SORT_COUNT][96];
	int at = 0;

	blocked_cells(view, row, fields, cells);
	for (int i = 0; i < SORT_COUNT; i++) {
		enum tone tone = i == SORT_REASON ? (row->dropped ? TONE_BAD : TONE_CARE)
				 : i == SORT_RATE && row->rate > 0 ? TONE_BOLD
								   : TONE_PLAIN;

		field_put(canvas, screen_row, &at, &fields[i], tone, cells[i]);
	}
}

static void blocked_draw(struct canvas *canvas, const struct view *view, int row)
{
	struct field fields[SORT_COUNT] = {
		[SORT_LAST] = {"LAST", 8, false},      [SORT_HITS] = {"HITS", 6, true},
		[SORT_RATE] = {"RATE", 5, true},       [SORT_SOURCE] = {"SOURCE", 15, false},
		[SORT_PORT] = {"PORT", 9, false},      [SORT_SERVICE] = {"SERVICE", 11, false},
		[SORT_REASON] = {"REASON", 13, false}, [SORT_RULE] = {"RULE", 6, false},
	};
	size_t top = view->top[TAB_BLOCKED];

	blocked_widths(canvas, view, fields);
	fields_head(canvas, row, fields, SORT_COUNT, view->request.sort, view->request.ascending);
	for (int i = 0; i < view->page && top + i < view->rows.count; i++)
		blocked_row(canvas, view, row + 1 + i, &view->rows.list[top + i], fields);
	if (!view->rows.count)
		canvas_printf(canvas, row + 1, 0, TONE_FAINT,
			      view->filter_text[0] ? "nothing matches the filter"
						   : "nobody was refused so far");
}

static void zones_name(unsigned int zones, char *ret, size_t size)
{
	size_t length = 0;

	ret[0] = '\0';
	for (unsigned int bit = 1; bit && bit <= zones; bit <<= 1) {
		const char *name = zones & bit ? word_of(words_zones, (int)bit) : NULL;

		if (zones & bit && length < size)
			length += snprintf(ret + length, size - length, "%s%s", length ? "," : "",
					   name ? name : "management");
	}
}

static void ports_draw(struct canvas *canvas, const struct view *view, int row)
{
	struct field fields[] = {{"PORT", 15, false}, {"SERVICE", 16, false},
				 {"ROLE", 10, false}, {"OPEN TO", 21, false},
				 {"PASSED", 6, true}, {"REFUSED", 7, true}};
	const struct snapshot *snapshot = &view->source->snapshot;
	size_t top = view->top[TAB_PORTS];

	fields_head(canvas, row, fields, ARRAY_SIZE(fields), -1, false);
	for (int i = 0; i < view->page && top + i < snapshot->rule_count; i++) {
		const struct rule_state *state = &snapshot->rules[top + i];
		const struct rule *rule = &state->rule;
		char text[64], number[24];
		int at = 0, line = row + 1 + i;

		if (rule->port == rule->port_end)
			snprintf(text, sizeof(text), "%u/%s", rule->port,
				 word_of(words_l4, rule->l4));
		else
			snprintf(text, sizeof(text), "%u-%u/%s", rule->port, rule->port_end,
				 word_of(words_l4, rule->l4));
		field_put(canvas, line, &at, &fields[0], TONE_BOLD, text);
		field_put(canvas, line, &at, &fields[1], TONE_PLAIN, rule->service);
		field_put(canvas, line, &at, &fields[2], TONE_PLAIN, rule->role);
		zones_name(rule->zones, text, sizeof(text));
		field_put(canvas, line, &at, &fields[3],
			  rule->zones & RW_ZONE_EXTERNAL ? TONE_CARE : TONE_GOOD, text);
		field_put(canvas, line, &at, &fields[4], TONE_PLAIN,
			  number_text(state->counter.passed.packets, 6, number));
		field_put(canvas, line, &at, &fields[5],
			  state->counter.dropped.packets ? TONE_BAD : TONE_FAINT,
			  number_text(state->counter.dropped.packets, 7, number));
	}
}

static const char *left_text(int64_t expires, char ret[24])
{
	int64_t left = expires / 1000000000LL - time(NULL);

	if (!expires)
		return "for ever";
	if (left <= 0)
		return "over";
	if (left < 3600)
		snprintf(ret, 24, "%d:%02d", (int)left / 60, (int)left % 60);
	else
		snprintf(ret, 24, "%dh%02dm", (int)(left / 3600), (int)(left / 60 % 60));
	return ret;
}

static void lists_draw(struct canvas *canvas, const struct view *view, int row)
{
	struct field fields[] = {{"WHAT", 15, false},
				 {"SOURCE", 22, false},
				 {"ENDS IN", 8, true},
				 {"WHO", 9, false},
				 {"REASON", 22, false}};
	const struct source *source = view->source;
	size_t top = view->top[TAB_LISTS], openings = source->openings.count;

	fields[4].width += canvas->columns > 80 ? canvas->columns - 80 : 0;
	fields_head(canvas, row, fields, ARRAY_SIZE(fields), -1, false);
	for (int i = 0; i < view->page && top + i < view_count(view); i++) {
		bool open = top + i < openings;
		const struct timed *entry = open ? &source->openings.list[top + i]
						 : &source->bans.list[top + i - openings];
		char text[CIDR_TEXT_MAX + 16], left[24];
		int at = 0, line = row + 1 + i;

		snprintf(text, sizeof(text), open ? "open %u/%s" : "banned", entry->port,
			 word_of(words_l4, entry->l4));
		field_put(canvas, line, &at, &fields[0], open ? TONE_GOOD : TONE_BAD, text);
		cidr_format(entry->source.source, entry->source.length, text);
		field_put(canvas, line, &at, &fields[1], TONE_PLAIN, text);
		field_put(canvas, line, &at, &fields[2], TONE_PLAIN,
			  left_text(entry->expires, left));
		field_put(canvas, line, &at, &fields[3], TONE_PLAIN, entry->who);
		field_put(canvas, line, &at, &fields[4], TONE_PLAIN, entry->reason);
	}
	if (!view_count(view))
		canvas_printf(canvas, row + 1, 0, TONE_FAINT, "no bans and no openings");
}

/* --- panel and bottom line -------------------------------------------------------------------- */

static void panel_draw(struct canvas *canvas, const struct panel *panel, int row)
{
	int line = row, end = canvas->rows - 1;

	for (int i = row; i < end; i++)
		canvas_fill(canvas, i, 0, canvas->columns);
	canvas_printf(canvas, line, 1, TONE_BOLD, "%s", panel->title);
	canvas_reverse(canvas, line++);
	for (size_t i = 0; i < panel->count && line < end; i++) {
		const char *text = panel->lines[i].text;
		size_t width =
			canvas->columns > NAME_WIDTH + 2 ? canvas->columns - NAME_WIDTH - 1 : 1;

		canvas_put(canvas, line, 1, NAME_WIDTH - 2, TONE_FAINT, panel->lines[i].key);
		do {
			size_t take = strlen(text);

			if (take > width) {
				for (take = width; take && text[take] != ' '; take--)
					;
				take = take ? take : width;
			}
			for (size_t j = 0; j < take; j++)
				canvas_put(canvas, line, NAME_WIDTH + (int)j, 1,
					   panel->lines[i].tone, (char[]){text[j], '\0'});
			text += take + (text[take] == ' ');
			line++;
		} while (*text && line < end);
	}
}

static void bottom_text(const struct view *view, char *ret, size_t size)
{
	char source[CIDR_TEXT_MAX] = "", port[24];

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
		snprintf(ret, size, "%s",
			 "Enter explain  / filter  < > sort  s d sum up  p freeze  b ban  o open  "
			 "? help");
}

static void bottom_draw(struct canvas *canvas, const struct view *view)
{
	bool asks = view->prompt == PROMPT_BAN || view->prompt == PROMPT_OPEN;
	char text[1024];
	enum tone tone = asks			       ? TONE_CARE
			 : view->message[0]	       ? view->message_tone
			 : view->prompt != PROMPT_NONE ? TONE_BOLD
			 : view->source->error.what[0] ? TONE_BAD
						       : TONE_FAINT;

	bottom_text(view, text, sizeof(text));
	canvas_put(canvas, canvas->rows - 1, 0, canvas->columns, tone, text);
}

void layout_draw(struct canvas *canvas, struct view *view)
{
	static void (*const tables[TAB_COUNT])(struct canvas *, const struct view *, int) = {
		[TAB_BLOCKED] = blocked_draw, [TAB_PORTS] = ports_draw, [TAB_LISTS] = lists_draw};
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

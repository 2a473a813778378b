/* SPDX-License-Identifier: GPL-2.0 */
/* table.c - the tables of the three views. */
#include "live/table.h"

#include <stdio.h>
#include <string.h>

#include "live/text.h"
#include "policy/words.h"
#include "report/words.h"
#include "util/array.h"
#include "util/reason.h"

#define GAP 1

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
		canvas_put(canvas, row, at, width, STYLE_BOLD, name);
		if (*mark && used <= width)
			canvas_put(canvas, row, at + used - 1, 1, STYLE_BOLD, mark);
		at += (fields[i].right && used < width ? used : width) + GAP;
	}
	canvas_underline(canvas, row);
	return at;
}

static void field_put(struct canvas *canvas, int row, int *at, const struct field *field,
		      enum style style, const char *text)
{
	if (field->right)
		canvas_right(canvas, row, *at, field->width, style, text);
	else
		canvas_put(canvas, row, *at, field->width, style, text);
	*at += field->width + GAP;
}

/* So that it shows text of `wanted` cells, as far as `spare` goes. */
static void field_widen(struct field *field, size_t wanted, int *spare)
{
	int more = (int)wanted - field->width;

	if (more > *spare)
		more = *spare;
	if (more <= 0)
		return;
	field->width += more;
	*spare -= more;
}

/* What is left over goes first to the source, then to the service, then to the rule. */
static void blocked_widths(const struct canvas *canvas, const struct view *view,
			   struct field fields[SORT_COUNT])
{
	int spare = canvas->columns;
	size_t source = 0;
	size_t top = view->top[TAB_BLOCKED];

	for (size_t i = top; i < view->rows.count && i < top + view->page; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(view->rows.list[i].attempt->record.source, 128, text);
		if (strlen(text) > source)
			source = strlen(text);
	}
	for (int i = 0; i < SORT_COUNT; i++)
		spare -= fields[i].width + (i ? GAP : 0);
	if (spare <= 0)
		return;
	field_widen(&fields[SORT_SOURCE], source, &spare);
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

static enum style cell_style(const struct row *row, enum sort cell, const char *text)
{
	if (cell == SORT_REASON)
		return row->dropped ? STYLE_BAD : STYLE_CARE;
	if (cell == SORT_LAST || !strcmp(text, "-"))
		return STYLE_FAINT;
	return cell == SORT_RATE ? STYLE_BOLD : STYLE_PLAIN;
}

static void blocked_row(struct canvas *canvas, const struct view *view, int screen_row,
			const struct row *row, const struct field *fields)
{
	char cells[SORT_COUNT][96];
	int at = 0;

	blocked_cells(view, row, fields, cells);
	for (int i = 0; i < SORT_COUNT; i++) {
		field_put(canvas, screen_row, &at, &fields[i], cell_style(row, i, cells[i]),
			  cells[i]);
	}
}

void table_blocked(struct canvas *canvas, const struct view *view, int row)
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
		canvas_printf(canvas, row + 1, 0, STYLE_FAINT,
			      view->filter_text[0] ? "nothing matches the filter"
						   : "nobody was refused so far");
}

/* Of all rules, not only of those that are shown: the columns stay where they are. */
static void ports_widths(const struct canvas *canvas, const struct snapshot *snapshot,
			 struct field *service, struct field *role, struct field *open_to)
{
	size_t longest[3] = {0};
	int spare = canvas->columns - 80;

	for (size_t i = 0; spare > 0 && i < snapshot->rule_count; i++) {
		const struct rule *rule = &snapshot->rules[i].rule;
		char text[PEERS_TEXT_MAX];
		const size_t lengths[] = {strlen(rule->service), strlen(rule->role),
					  strlen(peers_text(rule->zones, rule, text))};

		for (size_t j = 0; j < ARRAY_SIZE(longest); j++)
			if (lengths[j] > longest[j])
				longest[j] = lengths[j];
	}
	field_widen(service, longest[0], &spare);
	field_widen(role, longest[1], &spare);
	field_widen(open_to, longest[2], &spare);
}

void table_ports(struct canvas *canvas, const struct view *view, int row)
{
	struct field fields[] = {{"PORT", 15, false}, {"SERVICE", 16, false},
				 {"ROLE", 10, false}, {"OPEN TO", 21, false},
				 {"PASSED", 6, true}, {"REFUSED", 7, true}};
	const struct snapshot *snapshot = &view->source->snapshot;
	size_t top = view->top[TAB_PORTS];

	ports_widths(canvas, snapshot, &fields[1], &fields[2], &fields[3]);
	fields_head(canvas, row, fields, ARRAY_SIZE(fields), -1, false);
	for (int i = 0; i < view->page && top + i < snapshot->rule_count; i++) {
		const struct rule_state *state = &snapshot->rules[top + i];
		const struct rule *rule = &state->rule;
		char text[PEERS_TEXT_MAX], number[24], ports[PORTS_TEXT_MAX];
		int at = 0, line = row + 1 + i;

		snprintf(text, sizeof(text), "%s/%s", ports_text(rule->port, rule->port_end, ports),
			 word_of(words_l4, rule->l4));
		field_put(canvas, line, &at, &fields[0], STYLE_BOLD, text);
		field_put(canvas, line, &at, &fields[1], STYLE_PLAIN, rule->service);
		field_put(canvas, line, &at, &fields[2], STYLE_PLAIN, rule->role);
		field_put(canvas, line, &at, &fields[3],
			  rule->zones & RW_ZONE_EXTERNAL ? STYLE_CARE : STYLE_GOOD,
			  peers_text(rule->zones, rule, text));
		field_put(canvas, line, &at, &fields[4], STYLE_PLAIN,
			  number_text(state->counter.passed.packets, 6, number));
		field_put(canvas, line, &at, &fields[5],
			  state->counter.dropped.packets ? STYLE_BAD : STYLE_FAINT,
			  number_text(state->counter.dropped.packets, 7, number));
	}
}

/* Openings come first, then bans. NULL: there are not so many. */
static const struct timeout *list_entry(const struct source *source, size_t i, bool *ret_open)
{
	size_t openings = source->openings.count;

	*ret_open = i < openings;
	if (*ret_open)
		return &source->openings.list[i];
	return i - openings < source->bans.count ? &source->bans.list[i - openings] : NULL;
}

/* What is left over goes first to the source, then to the reason. */
static void lists_widths(const struct canvas *canvas, const struct view *view, struct field *source,
			 struct field *reason)
{
	size_t longest = 0, top = view->top[TAB_LISTS];
	int spare = canvas->columns - 80;
	const struct timeout *entry;
	bool open;

	for (int i = 0; i < view->page && (entry = list_entry(view->source, top + i, &open)); i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(entry->source.source, entry->source.length, text);
		if (strlen(text) > longest)
			longest = strlen(text);
	}
	field_widen(source, longest, &spare);
	reason->width += spare > 0 ? spare : 0;
}

void table_lists(struct canvas *canvas, const struct view *view, int row)
{
	struct field fields[] = {{"WHAT", 15, false},
				 {"SOURCE", 22, false},
				 {"ENDS IN", 8, true},
				 {"WHO", 9, false},
				 {"REASON", 22, false}};
	size_t top = view->top[TAB_LISTS];
	const struct timeout *entry;
	bool open;

	lists_widths(canvas, view, &fields[1], &fields[4]);
	fields_head(canvas, row, fields, ARRAY_SIZE(fields), -1, false);
	for (int i = 0; i < view->page && (entry = list_entry(view->source, top + i, &open)); i++) {
		char text[CIDR_TEXT_MAX + 16], left[24];
		int at = 0, line = row + 1 + i;

		snprintf(text, sizeof(text), open ? "open %u/%s" : "banned", entry->port,
			 word_of(words_l4, entry->l4));
		field_put(canvas, line, &at, &fields[0], open ? STYLE_GOOD : STYLE_BAD, text);
		cidr_format(entry->source.source, entry->source.length, text);
		field_put(canvas, line, &at, &fields[1], STYLE_PLAIN, text);
		field_put(canvas, line, &at, &fields[2], STYLE_PLAIN,
			  left_text(entry->expires, left));
		field_put(canvas, line, &at, &fields[3], STYLE_PLAIN, entry->who);
		field_put(canvas, line, &at, &fields[4], STYLE_PLAIN, entry->reason);
	}
	if (!view_count(view))
		canvas_printf(canvas, row + 1, 0, STYLE_FAINT, "no bans and no openings");
}

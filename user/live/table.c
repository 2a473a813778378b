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

/* --- attempts --------------------------------------------------------------------------------- */

#define RULE_COLUMNS 100 /* where there is less room, a column would show half a word */
#define FROM_COLUMNS 120

unsigned int table_columns(int columns, enum group group)
{
	unsigned int shown = (1U << SORT_COUNT) - 1;

	if (columns < RULE_COLUMNS || group == GROUP_SOURCE)
		shown &= ~(1U << SORT_RULE);
	if (columns < FROM_COLUMNS || group != GROUP_NONE)
		shown &= ~(1U << SORT_FROM);
	if (group == GROUP_SOURCE)
		shown &= ~(1U << SORT_SERVICE);
	return shown;
}

static bool column_is_shown(const struct view *view, int column)
{
	return view->shown >> column & 1;
}

static const char *many_text(size_t count, const char *noun, char ret[32])
{
	snprintf(ret, 32, "%zu %s%s", count, noun, count == 1 ? "" : "s");
	return ret;
}

/* Behind a mark that says whether it is open, or inside of it. */
static void source_cell(const struct row *row, enum group group, bool plain, char *ret, size_t size)
{
	const char *mark = !row->folded ? (row->child ? "  " : "")
			   : plain	? (row->open ? "- " : "+ ")
					: (row->open ? "\u25be " : "\u25b8 ");
	bool many =
		row->folded ? row->key.kind != FOLD_SOURCE : group == GROUP_PORT && row->others > 1;
	char text[CIDR_TEXT_MAX];

	if (many)
		many_text(row->others, "source", text);
	else
		cidr_format(row->attempt->record.source, 128, text);
	snprintf(ret, size, "%s%s", mark, text);
}

static void port_cell(const struct row *row, enum group group, char *ret, size_t size)
{
	bool sums = row->folded ? row->key.kind == FOLD_SOURCE
				: group == GROUP_SOURCE && row->others > 1;
	char text[32];

	snprintf(ret, size, "%s",
		 sums	      ? many_text(row->others, "port", text)
		 : row->ports ? many_text(row->ports, "port", text)
			      : port_text(&row->attempt->record, text));
}

/* What is left over goes first to the source, then to the service, then to the last column. */
static void blocked_widths(const struct canvas *canvas, const struct view *view,
			   struct field fields[SORT_COUNT])
{
	int spare = canvas->columns + GAP, last = 0;
	size_t source = 0;
	size_t top = view->top[TAB_BLOCKED];

	for (size_t i = top; i < view->rows.count && i < top + view->page; i++) {
		char text[96];

		source_cell(&view->rows.list[i], view->request.group, true, text, sizeof(text));
		if (strlen(text) > source)
			source = strlen(text);
	}
	for (int i = 0; i < SORT_COUNT; i++)
		if (column_is_shown(view, i)) {
			spare -= fields[i].width + GAP;
			last = i;
		}
	if (spare <= 0)
		return;
	field_widen(&fields[SORT_SOURCE], source, &spare);
	if (spare > 8 && column_is_shown(view, SORT_SERVICE)) {
		fields[SORT_SERVICE].width += 8;
		spare -= 8;
	}
	fields[last].width += spare;
}

static void rule_name(const struct row *row, int width, char *ret, size_t size)
{
	const char *role = row->rule ? row->rule->role : "-";

	if (!row->rule || snprintf(ret, size, "%s/%s", role, row->rule->service) > width)
		snprintf(ret, size, "%s", role);
}

/* Their names if there is room, else how many. */
static void reason_cell(const struct row *row, int width, char *ret, size_t size)
{
	size_t length = 0;

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (row->reasons & 1ULL << reason && length < size)
			length += snprintf(ret + length, size - length, "%s%s", length ? ", " : "",
					   reason_name(reason));
	if ((int)length > width && row->reasons & (row->reasons - 1))
		snprintf(ret, size, "%d reasons", __builtin_popcountll(row->reasons));
}

static void blocked_cells(const struct canvas *canvas, const struct view *view,
			  const struct row *row, const struct field *fields,
			  char cells[SORT_COUNT][192])
{
	enum group group = view->request.group;
	bool one_port = row->folded ? row->key.kind == FOLD_PORT
				    : group != GROUP_SOURCE || row->others == 1;
	char text[24];

#define CELL(cell, ...) snprintf(cells[cell], sizeof(cells[0]), __VA_ARGS__)
	CELL(SORT_LAST, "%s", when_text(row->last_ns, text));
	CELL(SORT_HITS, "%s", number_text(row->packets, fields[SORT_HITS].width, text));
	CELL(SORT_RATE, "%s", rate_text(row->rate, text));
	source_cell(row, group, canvas->plain, cells[SORT_SOURCE], sizeof(cells[0]));
	port_cell(row, group, cells[SORT_PORT], sizeof(cells[0]));
	CELL(SORT_SERVICE, "%s", !one_port ? "" : row->rule ? row->rule->service : "-");
	CELL(SORT_FROM, "%s%s%s %s", zones_text(row->attempt->zone, (char[ZONES_TEXT_MAX]){0}),
	     row->attempt->sets[0] ? "," : "", row->attempt->sets, row->attempt->interface);
	if (row->folded)
		cells[SORT_FROM][0] = '\0';
	reason_cell(row, fields[SORT_REASON].width, cells[SORT_REASON], sizeof(cells[0]));
	cells[SORT_RULE][0] = '\0';
	if (one_port)
		rule_name(row, fields[SORT_RULE].width, cells[SORT_RULE], sizeof(cells[0]));
#undef CELL
}

static enum style cell_style(const struct row *row, enum sort cell, const char *text)
{
	if (cell == SORT_REASON)
		return row->dropped ? STYLE_BAD : STYLE_CARE;
	if (cell == SORT_LAST || !strcmp(text, "-"))
		return STYLE_FAINT;
	if (cell == SORT_FROM)
		return STYLE_FAINT;
	return cell == SORT_RATE || (cell == SORT_SOURCE && row->folded) ? STYLE_BOLD : STYLE_PLAIN;
}

static void blocked_row(struct canvas *canvas, const struct view *view, int screen_row,
			const struct row *row, const struct field *fields)
{
	char cells[SORT_COUNT][192];
	int at = 0;

	blocked_cells(canvas, view, row, fields, cells);
	for (int i = 0; i < SORT_COUNT; i++)
		if (column_is_shown(view, i))
			field_put(canvas, screen_row, &at, &fields[i], cell_style(row, i, cells[i]),
				  cells[i]);
}

static void blocked_head(struct canvas *canvas, const struct view *view, int row,
			 const struct field *fields)
{
	struct field shown[SORT_COUNT];
	int count = 0, marked = -1;

	for (int i = 0; i < SORT_COUNT; i++) {
		if (!column_is_shown(view, i))
			continue;
		if (i == (int)view->request.sort)
			marked = count;
		shown[count++] = fields[i];
	}
	fields_head(canvas, row, shown, count, marked, view->request.ascending);
}

void table_blocked(struct canvas *canvas, const struct view *view, int row)
{
	struct field fields[SORT_COUNT] = {
		[SORT_LAST] = {"LAST", 8, false},  [SORT_HITS] = {"HITS", 6, true},
		[SORT_RATE] = {"RATE", 5, true},   [SORT_SOURCE] = {"SOURCE", 15, false},
		[SORT_PORT] = {"PORT", 11, false}, [SORT_SERVICE] = {"SERVICE", 11, false},
		[SORT_FROM] = {"FROM", 16, false}, [SORT_REASON] = {"REASON", 14, false},
		[SORT_RULE] = {"RULE", 6, false},
	};
	size_t top = view->top[TAB_BLOCKED];

	blocked_widths(canvas, view, fields);
	blocked_head(canvas, view, row, fields);
	for (int i = 0; i < view->page && top + i < view->rows.count; i++)
		blocked_row(canvas, view, row + 1 + i, &view->rows.list[top + i], fields);
	if (!view->rows.count)
		canvas_printf(canvas, row + 1, 0, STYLE_FAINT,
			      view->filter_text[0] ? "nothing matches the filter"
						   : "no attempts so far");
}

/* --- ports and lists -------------------------------------------------------------------------- */

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

/* What is left over goes first to the source, then to the reason. */
static void lists_widths(const struct canvas *canvas, const struct view *view, struct field *source,
			 struct field *reason)
{
	size_t longest = 0, top = view->top[TAB_LISTS];
	int spare = canvas->columns - 80;
	const struct timeout *entry;
	bool open;

	for (int i = 0; i < view->page && (entry = view_entry(view, top + i, &open)); i++) {
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
	for (int i = 0; i < view->page && (entry = view_entry(view, top + i, &open)); i++) {
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

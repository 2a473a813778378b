/* SPDX-License-Identifier: GPL-2.0 */
/* attempt.c - attempts as table rows, lines and JSON. */
#include "cli/attempt.h"

#include "cli/print.h"
#include "policy/cidr.h"
#include "util/array.h"
#include "util/reason.h"

/* Cells of a row, as text. */
enum {
	CELL_LAST,
	CELL_SOURCE,
	CELL_PORT,
	CELL_SERVICE,
	CELL_ZONE,
	CELL_INTERFACE,
	CELL_REASON,
	CELL_VERDICT,
	CELL_PACKETS,
	CELL_COUNT,
};

#define CELL_MAX 128

struct row {
	char cells[CELL_COUNT][CELL_MAX];
};

static const struct column columns[] = {
	[CELL_LAST] = {"LAST", 0},
	[CELL_SOURCE] = {"SOURCE", 0},
	[CELL_PORT] = {"PORT", SCOLS_FL_RIGHT},
	[CELL_SERVICE] = {"SERVICE", 0},
	[CELL_ZONE] = {"ZONE", 0},
	[CELL_INTERFACE] = {"INTERFACE", 0},
	[CELL_REASON] = {"REASON", 0},
	[CELL_VERDICT] = {"VERDICT", 0},
	[CELL_PACKETS] = {"PACKETS", SCOLS_FL_RIGHT},
};
_Static_assert(ARRAY_SIZE(columns) == CELL_COUNT, "a cell lacks its column");

/* For lines that cannot wait for the widest cell; a longer one moves the rest of its line. */
static const int widths[CELL_COUNT] = {
	[CELL_LAST] = 29,    [CELL_SOURCE] = 22, [CELL_PORT] = 10,
	[CELL_SERVICE] = 16, [CELL_ZONE] = 8,	 [CELL_INTERFACE] = 9,
	[CELL_REASON] = 13,  [CELL_VERDICT] = 8, [CELL_PACKETS] = 8,
};

static void row_fill(struct row *row, const struct port_names *names, const struct attempt *attempt)
{
	const struct rw_attempt *record = &attempt->record;
	const struct rule *rule = service_of(names, record);
	char port[PROTOCOL_TEXT_MAX], when[TIME_TEXT_MAX];
	const char *zone = zone_name(attempt->zone), *reason = reason_name(record->reason);

#define CELL(cell, ...) snprintf(row->cells[cell], CELL_MAX, __VA_ARGS__)
	CELL(CELL_LAST, "%s", attempt->last_ns ? time_text_ns(attempt->last_ns, when) : "-");
	cidr_format(record->source, 128, row->cells[CELL_SOURCE]);
	CELL(CELL_PORT, "%s", port_text(record, port));
	CELL(CELL_SERVICE, "%s", rule ? rule->service : "-");
	CELL(CELL_ZONE, "%s%s%s", zone ? zone : "-", attempt->sets[0] ? "," : "", attempt->sets);
	CELL(CELL_INTERFACE, "%s", attempt->interface[0] ? attempt->interface : "-");
	CELL(CELL_REASON, "%s", reason ? reason : "-");
	CELL(CELL_VERDICT, "%s", record->observed ? "observed" : "dropped");
	CELL(CELL_PACKETS, "%llu", record->packets);
#undef CELL
}

struct libscols_table *attempt_table(const struct settings *settings)
{
	return table_new(settings, columns, CELL_COUNT);
}

static enum style verdict_style(const struct attempt *attempt)
{
	return attempt->record.observed ? STYLE_CARE : STYLE_BAD;
}

void attempt_add(struct libscols_table *table, const struct port_names *names,
		 const struct attempt *attempt)
{
	struct libscols_line *line = table_line(table);
	struct row row;

	row_fill(&row, names, attempt);
	for (size_t cell = 0; cell < CELL_COUNT; cell++)
		cell_set(line, cell, "%s", row.cells[cell]);
	cell_style(line, CELL_REASON, verdict_style(attempt));
}

static void print_cell(const struct settings *settings, size_t cell, enum style style,
		       const char *text)
{
	bool right = columns[cell].flags & SCOLS_FL_RIGHT;

	printf("%s%s%*s%s", cell ? " " : "", style_begin(settings, style),
	       right ? widths[cell] : -widths[cell], text, style_end(settings, style));
}

void attempt_print_heading(const struct settings *settings)
{
	for (size_t cell = 0; cell < CELL_COUNT; cell++)
		print_cell(settings, cell, STYLE_PLAIN, columns[cell].name);
	putchar('\n');
}

void attempt_print_line(const struct settings *settings, const struct port_names *names,
			const struct attempt *attempt, const char *remark)
{
	struct row row;

	row_fill(&row, names, attempt);
	for (size_t cell = 0; cell < CELL_COUNT; cell++)
		print_cell(settings, cell,
			   cell == CELL_REASON ? verdict_style(attempt) : STYLE_PLAIN,
			   row.cells[cell]);
	printf("%s%s\n", *remark ? "  " : "", remark);
}

json_t *json_attempt_named(const struct port_names *names, const struct attempt *attempt)
{
	const struct rule *rule = service_of(names, &attempt->record);

	return json_attempt(attempt, rule ? rule->service : NULL);
}

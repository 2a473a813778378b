/* SPDX-License-Identifier: GPL-2.0 */
/* sums.c - attempts summed up. */
#include "cli/sums.h"

#include "cli/print.h"
#include "util/array.h"
#include "util/reason.h"

static void reasons_text(uint64_t reasons, char *ret, size_t size)
{
	size_t length = 0;

	ret[0] = '\0';
	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reasons & 1ULL << reason && length < size)
			length += snprintf(ret + length, size - length, "%s%s", length ? "," : "",
					   reason_name(reason));
}

static void key_text(const struct row *row, enum group group, char ret[CIDR_TEXT_MAX])
{
	const struct rw_attempt *record = &row->attempt->record;
	char port[PROTOCOL_TEXT_MAX];

	if (group == GROUP_SOURCE)
		cidr_format(record->source, 128, ret);
	else
		snprintf(ret, CIDR_TEXT_MAX, "%s", port_text(record, port));
}

void sums_table(const struct settings *settings, const struct rows *rows, enum group group)
{
	const struct column columns[] = {
		{group == GROUP_SOURCE ? "SOURCE" : "PORT", 0},
		{"PACKETS", SCOLS_FL_RIGHT},
		{group == GROUP_SOURCE ? "PORTS" : "SOURCES", SCOLS_FL_RIGHT},
		{group == GROUP_SOURCE ? "LAST PORT OF" : "SERVICE", 0},
		{"LAST", 0},
		{"REASONS", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];
		struct libscols_line *line = table_line(table);
		char key[CIDR_TEXT_MAX], when[TIME_TEXT_MAX], reasons[256];

		key_text(row, group, key);
		reasons_text(row->reasons, reasons, sizeof(reasons));
		cell_set(line, 0, "%s", key);
		cell_set(line, 1, "%llu", (unsigned long long)row->packets);
		cell_set(line, 2, "%zu", row->others);
		cell_set(line, 3, "%s", row->rule ? row->rule->service : "-");
		cell_set(line, 4, "%s", row->last_ns ? time_text_ns(row->last_ns, when) : "-");
		cell_set(line, 5, "%s", reasons);
		cell_style(line, 5, row->dropped ? STYLE_BAD : STYLE_CARE);
	}
	table_print(table);
}

static json_t *json_key(const struct row *row, enum group group)
{
	const struct rw_attempt *record = &row->attempt->record;
	char source[CIDR_TEXT_MAX], number[PROTOCOL_TEXT_MAX];

	if (group == GROUP_SOURCE) {
		cidr_format(record->source, 128, source);
		return json_make("{s:s}", "source", source);
	}
	return json_make("{s:o, s:o, s:o}", "port",
			 attempt_has_port(record) ? json_make("i", (int)record->port) : json_null(),
			 "proto", json_clean(protocol_text(record->l4, number)), "service",
			 json_clean(row->rule ? row->rule->service : NULL));
}

static json_t *json_reason_list(uint64_t reasons)
{
	json_t *list = json_make("[]");

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reasons & 1ULL << reason)
			json_array_append_new(list, json_clean(reason_name(reason)));
	return list;
}

json_t *json_sums(const struct rows *rows, enum group group)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];
		json_t *object = json_key(row, group);

		json_object_update_new(
			object,
			json_make("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "packets",
				  (json_int_t)row->packets, "bytes", (json_int_t)row->bytes,
				  "attempts", (json_int_t)row->attempts,
				  group == GROUP_SOURCE ? "ports" : "sources",
				  (json_int_t)row->others, "reasons",
				  json_reason_list(row->reasons), "first_seen",
				  json_time(row->first_ns), "last_seen", json_time(row->last_ns)));
		json_array_append_new(list, object);
	}
	return list;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* print.c - tables, facts, JSON and the text forms of values. */
#include "cli/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rolewall/abi.h>

static _Noreturn void out_of_memory(void)
{
	fputs("rolewall: error: out of memory\n", stderr);
	exit(EXIT_FAILED);
}

static const char *style_sequence(enum style style)
{
	switch (style) {
	case STYLE_GOOD:
		return "\033[32m";
	case STYLE_CARE:
		return "\033[33m";
	case STYLE_BAD:
		return "\033[31m";
	case STYLE_FAINT:
		return "\033[2m";
	case STYLE_BOLD:
		return "\033[1m";
	case STYLE_PLAIN:
		break;
	}
	return NULL;
}

const char *style_begin(const struct settings *settings, enum style style)
{
	const char *sequence = settings->colour ? style_sequence(style) : NULL;

	return sequence ? sequence : "";
}

const char *style_end(const struct settings *settings, enum style style)
{
	return *style_begin(settings, style) ? "\033[0m" : "";
}

void print_fact(const struct settings *settings, const char *key, enum style style,
		const char *format, ...)
{
	va_list args;

	printf("%-12s %s", key, style_begin(settings, style));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("%s\n", style_end(settings, style));
}

void print_summary(const struct settings *settings, const char *format, ...)
{
	va_list args;

	if (settings->quiet)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

struct libscols_table *table_new(const struct settings *settings, const struct column *columns,
				 size_t count)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		out_of_memory();
	scols_table_enable_colors(table, settings->colour);
	for (size_t i = 0; i < count; i++)
		if (!scols_table_new_column(table, columns[i].name, 0, columns[i].flags))
			out_of_memory();
	return table;
}

struct libscols_line *table_line(struct libscols_table *table)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		out_of_memory();
	return line;
}

void cell_text(struct libscols_line *line, size_t cell, const char *text)
{
	/* An empty cell would shift the columns for programs that split the line at blanks. */
	char *copy = strdup(*text ? text : "-");

	if (!copy || scols_line_refer_data(line, cell, copy))
		out_of_memory();
}

void cell_set(struct libscols_line *line, size_t cell, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		out_of_memory();
	va_end(args);
	cell_text(line, cell, text);
	free(text);
}

void cell_style(struct libscols_line *line, size_t cell, enum style style)
{
	const char *sequence = style_sequence(style);

	if (sequence && scols_cell_set_color(scols_line_get_cell(line, cell), sequence))
		out_of_memory();
}

/* --- plain tables ----------------------------------------------------------------------------- */

#define PLAIN_COLUMNS 16

/* Columns that are shown, with as much room as the widest cell needs. */
struct plain {
	size_t count;
	struct {
		size_t cell; /* of a line */
		size_t width;
		bool right;
	} columns[PLAIN_COLUMNS];
};

/* Of a byte each, and of one place each. */
static bool is_plain(const char *text, size_t *ret_width)
{
	size_t width = 0;

	for (; text[width]; width++)
		if (text[width] < ' ' || text[width] > '~')
			return false;
	*ret_width = width;
	return true;
}

static bool plain_widen(struct plain *plain, size_t column, const char *text)
{
	size_t width;

	if (!text || !is_plain(text, &width))
		return false;
	if (plain->columns[column].width < width)
		plain->columns[column].width = width;
	return true;
}

static const char *plain_cell(const struct plain *plain, struct libscols_line *line, size_t column)
{
	return scols_cell_get_data(scols_line_get_cell(line, plain->columns[column].cell));
}

static bool plain_head(struct libscols_table *table, struct plain *plain)
{
	for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
		struct libscols_column *column = scols_table_get_column(table, i);

		if (scols_column_is_hidden(column))
			continue;
		if (plain->count == PLAIN_COLUMNS)
			return false;
		plain->columns[plain->count].cell = i;
		plain->columns[plain->count].right = scols_column_is_right(column);
		if (!plain_widen(plain, plain->count++,
				 scols_cell_get_data(scols_column_get_header(column))))
			return false;
	}
	return plain->count > 0;
}

/*
 * Is there nothing in it that takes a library to print? Then it is printed as libsmartcols would,
 * which takes 5 us a line to find out how wide each character is.
 */
static bool plain_measure(struct libscols_table *table, struct libscols_iter *lines,
			  struct plain *plain)
{
	struct libscols_line *line;

	if (isatty(STDOUT_FILENO) || scols_table_colors_wanted(table) || !plain_head(table, plain))
		return false;
	while (scols_table_next_line(table, lines, &line) == 0) {
		for (size_t k = 0; k < plain->count; k++)
			if (!plain_widen(plain, k, plain_cell(plain, line, k)))
				return false;
	}
	return true;
}

static void blanks_print(size_t count)
{
	while (count--)
		putchar_unlocked(' ');
}

/* Nothing follows a line's last cell. */
static void plain_cell_print(const struct plain *plain, size_t column, const char *text)
{
	size_t blanks = plain->columns[column].width - strlen(text);

	if (column)
		putchar_unlocked(' ');
	if (plain->columns[column].right)
		blanks_print(blanks);
	fputs_unlocked(text, stdout);
	if (!plain->columns[column].right && column + 1 < plain->count)
		blanks_print(blanks);
}

static void plain_print(struct libscols_table *table, struct libscols_iter *lines,
			const struct plain *plain)
{
	struct libscols_line *line;

	for (size_t k = 0; k < plain->count && !scols_table_is_noheadings(table); k++) {
		struct libscols_column *column =
			scols_table_get_column(table, plain->columns[k].cell);

		plain_cell_print(plain, k, scols_cell_get_data(scols_column_get_header(column)));
		if (k + 1 == plain->count)
			putchar_unlocked('\n');
	}
	scols_reset_iter(lines, SCOLS_ITER_FORWARD);
	while (scols_table_next_line(table, lines, &line) == 0) {
		for (size_t k = 0; k < plain->count; k++)
			plain_cell_print(plain, k, plain_cell(plain, line, k));
		putchar_unlocked('\n');
	}
}

void table_print(struct libscols_table *table)
{
	struct libscols_iter *lines = scols_new_iter(SCOLS_ITER_FORWARD);
	struct plain plain = {0};

	if (!lines)
		out_of_memory();
	if (plain_measure(table, lines, &plain))
		plain_print(table, lines, &plain);
	else
		scols_print_table(table);
	scols_free_iter(lines);
}

json_t *json_make(const char *format, ...)
{
	json_error_t error;
	va_list args;
	json_t *made;

	va_start(args, format);
	made = json_vpack_ex(&error, 0, format, args);
	va_end(args);
	if (!made && json_error_code(&error) != json_error_out_of_memory) {
		fprintf(stderr, "rolewall: error: cannot write JSON: %s\n", error.text);
		exit(EXIT_FAILED);
	}
	if (!made)
		out_of_memory();
	return made;
}

/* Takes `object`. Where it has a version, as a node file has, that is the one. */
static json_t *document_make(json_t *object)
{
	json_t *document = json_make("{s:i}", "version", JSON_VERSION);

	if (!object || json_object_update(document, object))
		out_of_memory();
	json_decref(object);
	return document;
}

static void dump(const struct settings *settings, const json_t *value, size_t flags)
{
	settings->outcome->printed = true;
	if (json_dumpf(value, stdout, flags))
		out_of_memory();
	putchar('\n');
}

void print_json_line(const struct settings *settings, json_t *fields)
{
	_json_ json_t *document = document_make(fields);

	dump(settings, document, JSON_COMPACT);
}

void print_json(const struct settings *settings, json_t *fields)
{
	_json_ json_t *document = document_make(fields);

	dump(settings, document, settings->output == OUTPUT_JSONL ? JSON_COMPACT : JSON_INDENT(2));
}

void print_json_list(const struct settings *settings, json_t *fields, const char *key)
{
	json_t *element;
	size_t i;

	if (settings->output != OUTPUT_JSONL) {
		print_json(settings, fields);
		return;
	}
	settings->outcome->printed = true;
	json_array_foreach (json_object_get(fields, key), i, element)
		dump(settings, element, JSON_COMPACT);
	json_decref(fields);
}

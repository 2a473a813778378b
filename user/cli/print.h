/* SPDX-License-Identifier: GPL-2.0 */
/*
 * print.h - data on stdout: tables, facts, JSON, and the text forms of values.
 *
 * Without memory for what is to be printed the program ends with a message.
 */
#pragma once

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"
#include "report/json.h"
#include "report/words.h"
#include "util/style.h"

/* `text` in colours if stdout has them; to be printed with printf("%s%s%s", ...). */
const char *style_begin(const struct settings *settings, enum style style);
const char *style_end(const struct settings *settings, enum style style);

/* "Mode        enforce": one line of facts before a table. */
void print_fact(const struct settings *settings, const char *key, enum style style,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A line of text for people, on stdout; nothing with -q. */
void print_summary(const struct settings *settings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct column {
	const char *name;
	int flags; /* SCOLS_FL_* */
};

/* A table on stdout. Columns stand in the order given, cells are numbered from 0. */
struct libscols_table *table_new(const struct settings *settings, const struct column *columns,
				 size_t count);
struct libscols_line *table_line(struct libscols_table *table);
void cell_set(struct libscols_line *line, size_t cell, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void cell_text(struct libscols_line *line, size_t cell, const char *text); /* is copied */
void cell_style(struct libscols_line *line, size_t cell, enum style style);
void table_print(struct libscols_table *table);

static inline void cleanup_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}
#define _table_ __attribute__((cleanup(cleanup_table)))

static inline void cleanup_json(json_t **json)
{
	json_decref(*json);
}
#define _json_ __attribute__((cleanup(cleanup_json)))

/* json_pack() that does not return NULL: a mistake in the format or no memory ends the program. */
json_t *json_make(const char *format, ...);

/*
 * Print and free the document that these fields are, after "version": with -o json as it is; with
 * -o jsonl on one line. NULL ends the program: there was no memory for it.
 */
void print_json(const struct settings *settings, json_t *fields);

/*
 * The same of one with an array `key`, of which -o jsonl has nothing but the elements, one a line.
 */
void print_json_list(const struct settings *settings, json_t *fields, const char *key);

/* One document of many, on a line; freed. */
void print_json_line(const struct settings *settings, json_t *fields);

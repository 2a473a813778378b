/* SPDX-License-Identifier: GPL-2.0 */
/*
 * print.h - data on stdout: tables, facts, JSON, and the text forms of values.
 *
 * Without memory for what is to be printed the program ends with a message.
 */
#ifndef ROLEWALL_CLI_PRINT_H
#define ROLEWALL_CLI_PRINT_H

#include <jansson.h>
#include <libsmartcols/libsmartcols.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"
#include "policy/zone_text.h"
#include "util/tone.h"

#define TIME_TEXT_MAX  40 /* RFC 3339 with milliseconds and offset */
#define PORTS_TEXT_MAX 16 /* "25", "20000-40000" */

/* `text` in colours if stdout has them; to be printed with printf("%s%s%s", ...). */
const char *tone_begin(const struct settings *settings, enum tone tone);
const char *tone_end(const struct settings *settings, enum tone tone);

/* "Mode        enforce": one line of facts before a table. */
void print_fact(const struct settings *settings, const char *key, enum tone tone,
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
void cell_tone(struct libscols_line *line, size_t cell, enum tone tone);
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

/* A string, or JSON null for NULL and ""; bytes that are not UTF-8 become '?'. */
json_t *json_text(const char *text);

/*
 * Print and free `root`: with -o json as it is; with -o jsonl on one line, an array element by
 * element.
 */
void print_json(const struct settings *settings, json_t *root);

/* RFC 3339, local time with its offset. Return `ret`. */
const char *time_text(int64_t seconds, char ret[TIME_TEXT_MAX]);
const char *time_text_ns(int64_t ns, char ret[TIME_TEXT_MAX]);

const char *ports_text(uint16_t port, uint16_t port_end, char ret[PORTS_TEXT_MAX]);

/* What RW_POLICY_* flags say, in the words of the node file: "enforce", "deny", ... */
const char *mode_word(unsigned int flags);
const char *bind_guard_word(unsigned int flags);

/* Zones of a mask as a JSON array of names; roles of peers as "peers". */
json_t *json_zones(unsigned int zones);

#endif

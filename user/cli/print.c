/* SPDX-License-Identifier: GPL-2.0 */
/* print.c - tables, facts, JSON and the text forms of values. */
#include "cli/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rolewall/abi.h>

#include "policy/words.h"
#include "util/json_clean.h"

static _Noreturn void out_of_memory(void)
{
	fputs("rolewall: error: out of memory\n", stderr);
	exit(EXIT_FAILED);
}

static const char *tone_sequence(enum tone tone)
{
	switch (tone) {
	case TONE_GOOD:
		return "\033[32m";
	case TONE_CARE:
		return "\033[33m";
	case TONE_BAD:
		return "\033[31m";
	case TONE_FAINT:
		return "\033[2m";
	case TONE_BOLD:
		return "\033[1m";
	case TONE_PLAIN:
		break;
	}
	return NULL;
}

const char *tone_begin(const struct settings *settings, enum tone tone)
{
	const char *sequence = settings->colour ? tone_sequence(tone) : NULL;

	return sequence ? sequence : "";
}

const char *tone_end(const struct settings *settings, enum tone tone)
{
	return *tone_begin(settings, tone) ? "\033[0m" : "";
}

void print_fact(const struct settings *settings, const char *key, enum tone tone,
		const char *format, ...)
{
	va_list args;

	printf("%-12s %s", key, tone_begin(settings, tone));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("%s\n", tone_end(settings, tone));
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

void cell_set(struct libscols_line *line, size_t cell, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		out_of_memory();
	va_end(args);
	/* An empty cell would shift the columns for whoever splits the line at blanks. */
	if (!*text) {
		free(text);
		text = strdup("-");
	}
	if (!text || scols_line_refer_data(line, cell, text))
		out_of_memory();
}

void cell_tone(struct libscols_line *line, size_t cell, enum tone tone)
{
	const char *sequence = tone_sequence(tone);

	if (sequence && scols_cell_set_color(scols_line_get_cell(line, cell), sequence))
		out_of_memory();
}

void table_print(struct libscols_table *table)
{
	scols_print_table(table);
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

json_t *json_text(const char *text)
{
	json_t *string = json_clean(text);

	if (!string)
		out_of_memory();
	return string;
}

static void dump_line(const json_t *value)
{
	if (json_dumpf(value, stdout, JSON_COMPACT))
		out_of_memory();
	putchar('\n');
}

void print_json(const struct settings *settings, json_t *root)
{
	size_t i;
	json_t *element;

	if (settings->output != OUTPUT_JSONL) {
		if (json_dumpf(root, stdout, JSON_INDENT(2)))
			out_of_memory();
		putchar('\n');
	} else if (json_is_array(root)) {
		json_array_foreach (root, i, element)
			dump_line(element);
	} else {
		dump_line(root);
	}
	json_decref(root);
}

static const char *time_format(int64_t seconds, int milliseconds, char ret[TIME_TEXT_MAX])
{
	time_t when = (time_t)seconds;
	char zone[8] = "";
	struct tm local;
	size_t length;

	localtime_r(&when, &local);
	length = strftime(ret, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &local);
	/* "+0700"; RFC 3339 wants "+07:00". */
	strftime(zone, sizeof(zone), "%z", &local);
	if (milliseconds >= 0)
		length += snprintf(ret + length, TIME_TEXT_MAX - length, ".%03d", milliseconds);
	snprintf(ret + length, TIME_TEXT_MAX - length, "%.3s:%.2s", zone, zone + 3);
	return ret;
}

const char *time_text(int64_t seconds, char ret[TIME_TEXT_MAX])
{
	return time_format(seconds, -1, ret);
}

const char *time_text_ns(int64_t ns, char ret[TIME_TEXT_MAX])
{
	return time_format(ns / 1000000000, (int)(ns % 1000000000 / 1000000), ret);
}

const char *ports_text(uint16_t port, uint16_t port_end, char ret[PORTS_TEXT_MAX])
{
	if (port == port_end)
		snprintf(ret, PORTS_TEXT_MAX, "%u", port);
	else
		snprintf(ret, PORTS_TEXT_MAX, "%u-%u", port, port_end);
	return ret;
}

const char *mode_word(unsigned int flags)
{
	return word_of(words_modes, flags & RW_POLICY_ENFORCE);
}

const char *bind_guard_word(unsigned int flags)
{
	return word_of(words_bind_guard, flags & (RW_POLICY_BIND_OBSERVE | RW_POLICY_BIND_DENY));
}

json_t *json_zones(unsigned int zones)
{
	json_t *list = json_make("[]");

	for (unsigned int bit = RW_ZONE_EXTERNAL; bit <= RW_ZONE_MANAGEMENT; bit <<= 1)
		if (zones & bit)
			json_array_append_new(list, json_make("s", zone_name(bit)));
	if (zones & RW_ZONE_PEERS)
		json_array_append_new(list, json_make("s", "peers"));
	return list;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* document.c - read one JSON file; point into it. */
#include "policy/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/control.h"
#include "util/file.h"
#include "util/json_mistake.h"

#define EXCERPT_WIDTH 100 /* bytes of a long line that are shown around the caret */

void document_free(struct document *document)
{
	if (!document)
		return;
	json_decref(document->root);
	free(document->places);
	free(document->text);
	free(document->file);
	free(document);
}

/* --- pointing --------------------------------------------------------------------------------- */

struct at at_value(const struct document *document, uint32_t place)
{
	return (struct at){document, place, document->places[place].value};
}

struct at at_key(const struct at *value)
{
	const struct place *place = &value->document->places[value->place];

	if (place->key == PLACE_NONE)
		return *value;
	return (struct at){value->document, value->place, place->key};
}

uint32_t at_line(const struct at *at)
{
	return at->document->places[at->place].line;
}

static bool is_continuation(char c)
{
	return (c & 0xc0) == 0x80;
}

struct spot {
	unsigned int line;
	unsigned int column; /* in characters, from 1 */
	size_t line_start;
	size_t line_end;
};

static struct spot spot_find(const struct document *document, size_t offset)
{
	struct spot spot = {.line = 1, .column = 1};

	for (size_t i = 0; i < offset; i++) {
		if (document->text[i] == '\n') {
			spot.line++;
			spot.line_start = i + 1;
		}
	}
	for (size_t i = spot.line_start; i < offset; i++)
		spot.column += !is_continuation(document->text[i]);
	spot.line_end = spot.line_start + strcspn(document->text + spot.line_start, "\r\n");
	return spot;
}

/* What a file holds must not steer the terminal that shows an error about it. */
static void control_characters_hide(char *text)
{
	controls_hide(text, "\t\n", '?');
}

/* The part of a line that is shown: all of it, or what is around the caret. */
static void window_choose(const struct document *document, size_t offset, size_t *from, size_t *to)
{
	if (offset - *from > EXCERPT_WIDTH / 2 && *to - *from > EXCERPT_WIDTH)
		*from = offset - EXCERPT_WIDTH / 2;
	while (*from < offset && is_continuation(document->text[*from]))
		(*from)++;
	if (*to - *from > EXCERPT_WIDTH)
		*to = *from + EXCERPT_WIDTH;
	while (*to > offset && is_continuation(document->text[*to]))
		(*to)--;
}

/* The line and, below it, the caret. */
static void excerpt_format(const struct document *document, size_t offset, char *ret,
			   size_t ret_size)
{
	struct spot spot = spot_find(document, offset);
	size_t from = spot.line_start, to = spot.line_end, used;
	const char *before, *behind;

	window_choose(document, offset, &from, &to);
	before = from > spot.line_start ? "..." : "";
	behind = to < spot.line_end ? "..." : "";
	snprintf(ret, ret_size, "%s%.*s%s\n%*s", before, (int)(to - from), document->text + from,
		 behind, (int)strlen(before), "");
	used = strlen(ret);
	for (size_t i = from; i < offset && used + 2 < ret_size; i++)
		if (!is_continuation(document->text[i]))
			ret[used++] = document->text[i] == '\t' ? '\t' : ' ';
	snprintf(ret + used, ret_size - used, "^");
	control_characters_hide(ret);
}

static void where_format(const struct document *document, size_t offset, char *ret, size_t ret_size)
{
	struct spot spot = spot_find(document, offset);

	snprintf(ret, ret_size, "%s:%u:%u", document->file, spot.line, spot.column);
}

void at_format(const struct at *at, char *ret, size_t ret_size)
{
	where_format(at->document, at->offset, ret, ret_size);
}

static void error_place_offset(struct error *ret, const struct document *document, size_t offset)
{
	where_format(document, offset, ret->where, sizeof(ret->where));
	excerpt_format(document, offset, ret->excerpt, sizeof(ret->excerpt));
	control_characters_hide(ret->what);
	control_characters_hide(ret->hint);
}

void error_place(struct error *ret, const struct at *at)
{
	if (!ret)
		return;
	error_place_offset(ret, at->document, at->offset);
	places_format_path(at->document->text, at->document->places, at->place, ret->path,
			   sizeof(ret->path));
	control_characters_hide(ret->path);
}

int error_at(struct error *ret, const struct at *at, const char *format, ...)
{
	char what[ERROR_WHAT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	error_set(ret, EINVAL, "%s", what);
	error_place(ret, at);
	return -EINVAL;
}

/* --- reading ---------------------------------------------------------------------------------- */

/*
 * A key stands twice. jansson stops behind the second one; the text up to there is enough to find
 * the places of both.
 */
static int document_refuse_twin(struct document *document, size_t end, struct error *ret_error)
{
	struct at at = {.document = document};

	if (places_find(document->text, document->size, &document->places, &document->place_count))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (!document->place_count)
		return error_set(ret_error, EINVAL, "a key appears twice in the same object");
	for (uint32_t i = 0; i < document->place_count; i++) {
		const struct place *place = &document->places[i];

		if (place->key != PLACE_NONE && place->key < end)
			at = (struct at){document, i, place->key};
	}
	error_at(ret_error, &at, "this key appears twice in the same object");
	error_hint(ret_error, "keep one of the two");
	return -EINVAL;
}

/* Behind the last thing that is there: an empty last line shows nothing. */
static size_t text_end(const struct document *document)
{
	size_t end = document->size;

	while (end > 0 && strchr(" \t\r\n", document->text[end - 1]))
		end--;
	return end;
}

static int document_refuse(struct document *document, const json_error_t *json,
			   struct error *ret_error)
{
	size_t end = json->position < 0 ? 0 : json->position;
	const char *near = strstr(json->text, " near '");
	size_t near_size = near ? strlen(near) - strlen(" near ''") : 0;
	size_t offset = end < document->size ? end : document->size;
	char mistake[JSON_MISTAKE_MAX];
	const char *words;

	if (json_error_code(json) == json_error_out_of_memory)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (json_error_code(json) == json_error_duplicate_key)
		return document_refuse_twin(document, end, ret_error);
	/*
	 * jansson names the end of the token that it did not expect; the caret goes to its start.
	 */
	if (near && near_size <= offset &&
	    !strncmp(document->text + offset - near_size, near + strlen(" near '"), near_size))
		offset -= near_size;
	words = json_mistake(document->text, document->size, json->text, &offset, mistake);
	error_set(ret_error, EINVAL, "this is not JSON: %s", words ? words : json->text);
	if (!strncmp(document->text, "\xef\xbb\xbf", 3))
		error_hint(ret_error, "save the file as UTF-8 without a byte order mark");
	if (ret_error)
		error_place_offset(ret_error, document,
				   offset < document->size ? offset : text_end(document));
	return -EINVAL;
}

static int document_parse(struct document *document, struct error *ret_error)
{
	json_error_t json;

	document->root = json_loadb(document->text, document->size, JSON_REJECT_DUPLICATES, &json);
	if (!document->root)
		return document_refuse(document, &json, ret_error);
	if (places_find(document->text, document->size, &document->places, &document->place_count))
		return error_set(ret_error, ENOMEM, "out of memory");
	return 0;
}

int document_read_as(const char *file, const char *text, size_t size, struct document **ret,
		     struct error *ret_error)
{
	struct document *document = calloc(1, sizeof(*document));
	int r = -ENOMEM;

	if (document) {
		document->file = strdup(file);
		document->text = malloc(size + 1);
		document->size = size;
	}
	if (!document || !document->file || !document->text) {
		error_set(ret_error, ENOMEM, "out of memory");
	} else {
		memcpy(document->text, text, size);
		document->text[size] = '\0';
		r = document_parse(document, ret_error);
	}
	if (r < 0)
		document_free(document);
	else
		*ret = document;
	return r;
}

static int document_load(struct document *document, const char *file, struct error *ret_error)
{
	int r;

	document->file = strdup(file);
	if (!document->file) {
		error_set(ret_error, ENOMEM, "out of memory");
		return -ENOMEM;
	}
	r = file_read(file, DOCUMENT_BYTES_MAX, &document->text, &document->size, ret_error);
	if (r == -EFBIG) {
		error_hint(ret_error, "a policy is a few kilobytes; is this the right file?");
		return -EINVAL;
	}
	return r;
}

int document_read_text(const char *file, struct document **ret, struct error *ret_error)
{
	struct document *document = calloc(1, sizeof(*document));
	int r;

	if (!document)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = document_load(document, file, ret_error);
	if (r < 0)
		document_free(document);
	else
		*ret = document;
	return r;
}

int document_read(const char *file, struct document **ret, struct error *ret_error)
{
	struct document *document;
	int r = document_read_text(file, &document, ret_error);

	if (r < 0)
		return r;
	r = document_parse(document, ret_error);
	if (r < 0)
		document_free(document);
	else
		*ret = document;
	return r;
}

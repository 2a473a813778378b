/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prefix_file.c - a list of prefixes that is no JSON. It is a document all the same, in which each
 * prefix has a place, so that an error or a view can say where it stands.
 */
#include "policy/prefix_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define BLANKS "\t\r "

static int place_add(struct document *document, size_t offset, uint32_t line)
{
	struct place *place =
		array_append(&document->places, &document->place_count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = (struct place){
		.key = PLACE_NONE,
		.value = (uint32_t)offset,
		.line = line,
		.parent = PLACE_NONE,
		.first = PLACE_NONE,
		.last = PLACE_NONE,
		.next = PLACE_NONE,
	};
	return 0;
}

/* `text` with its end is what stands on the line, without blanks and comment. */
static int prefix_add(struct document *document, const char *begin, size_t size, uint32_t line,
		      struct source_list *into, struct error *ret_error)
{
	struct source_model source = {0}, *added;
	char text[CIDR_TEXT_MAX + 32];
	int r;

	if (place_add(document, begin - document->text, line))
		return error_set(ret_error, ENOMEM, "out of memory");
	source.at = at_value(document, document->place_count - 1);
	if (size >= sizeof(text) || memchr(begin, '\0', size))
		return error_at(ret_error, &source.at, "this is no IP address or prefix");
	memcpy(text, begin, size);
	text[size] = '\0';
	r = cidr_parse(text, &source.cidr, ret_error);
	if (r < 0) {
		error_place(ret_error, &source.at);
		return r;
	}
	added = array_append(&into->list, &into->count, sizeof(*added));
	if (!added)
		return error_set(ret_error, ENOMEM, "out of memory");
	*added = source;
	return 0;
}

static int lines_read(struct document *document, struct source_list *into, struct error *ret_error)
{
	const char *end = document->text + document->size, *line = document->text;
	int r = 0;

	for (uint32_t number = 1; r == 0 && line < end; number++) {
		const char *next = memchr(line, '\n', end - line);
		const char *stop = next ? next : end, *comment = memchr(line, '#', stop - line);

		if (comment)
			stop = comment;
		while (line < stop && strchr(BLANKS, *line))
			line++;
		while (line < stop && strchr(BLANKS, stop[-1]))
			stop--;
		if (line < stop)
			r = prefix_add(document, line, stop - line, number, into, ret_error);
		line = next ? next + 1 : end;
	}
	return r;
}

int prefix_file_read(const char *file, struct document **ret, struct source_list *into,
		     struct error *ret_error)
{
	int r = document_read_text(file, ret, ret_error);

	return r < 0 ? r : lines_read(*ret, into, ret_error);
}

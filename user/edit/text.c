/* SPDX-License-Identifier: GPL-2.0 */
/* text.c - single values of a JSON text, in and out. */
#include "edit/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* Bytes of the text, or of a constant. */
struct piece {
	const char *text;
	size_t size;
};

static struct piece piece_of(const char *text)
{
	return (struct piece){text, strlen(text)};
}

static bool has_line_break(struct piece piece)
{
	return piece.size && memchr(piece.text, '\n', piece.size);
}

int edit_begin(const char *text, size_t size, struct edit *ret)
{
	struct edit edit = {.text = malloc(size + 1), .size = size};

	if (!edit.text)
		return -ENOMEM;
	memcpy(edit.text, text, size);
	edit.text[size] = '\0';
	if (places_find(edit.text, size, &edit.places, &edit.count)) {
		free(edit.text);
		return -ENOMEM;
	}
	*ret = edit;
	return 0;
}

void edit_free(struct edit *edit)
{
	free(edit->text);
	free(edit->places);
	*edit = (struct edit){0};
}

/* --- looking ---------------------------------------------------------------------------------- */

static uint32_t place_start(const struct place *place)
{
	return place->key == PLACE_NONE ? place->value : place->key;
}

static char *string_decode(const char *text, size_t size)
{
	json_t *json = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	char *string = json_is_string(json) ? strdup(json_string_value(json)) : NULL;

	json_decref(json);
	return string;
}

char *edit_string(const struct edit *edit, uint32_t place)
{
	const struct place *found = &edit->places[place];

	return string_decode(edit->text + found->value, found->end - found->value);
}

/* The size of the key, its quotes counted. */
static size_t key_size(const struct edit *edit, const struct place *place)
{
	const char *key = edit->text + place->key;
	size_t size = 1;

	while (key[size] != '"')
		size += key[size] == '\\' ? 2 : 1;
	return size + 1;
}

uint32_t edit_find(const struct edit *edit, uint32_t object, const char *key)
{
	uint32_t at = edit->places[object].first;

	for (; at != PLACE_NONE; at = edit->places[at].next) {
		const struct place *place = &edit->places[at];
		_free_ char *found = NULL;

		if (place->key == PLACE_NONE)
			continue;
		found = string_decode(edit->text + place->key, key_size(edit, place));
		if (found && !strcmp(found, key))
			return at;
	}
	return PLACE_NONE;
}

/* --- layout ----------------------------------------------------------------------------------- */

/* The white space in front of `offset`. */
static struct piece space_before(const struct edit *edit, uint32_t offset)
{
	uint32_t from = offset;

	while (from > 0 && strchr(" \t\r\n", edit->text[from - 1]))
		from--;
	return (struct piece){edit->text + from, offset - from};
}

static struct piece space_before_place(const struct edit *edit, uint32_t place)
{
	return space_before(edit, place_start(&edit->places[place]));
}

/* In front of the closing bracket. */
static struct piece space_at_end(const struct edit *edit, uint32_t container)
{
	return space_before(edit, edit->places[container].end - 1);
}

/* What stands behind a comma on one line, anywhere in the text. */
static struct piece space_inline(const struct edit *edit)
{
	for (uint32_t i = 0; i < edit->count; i++) {
		struct piece space = space_before_place(edit, i);

		if (edit->places[i].index > 0 && !has_line_break(space))
			return space;
	}
	return piece_of(" ");
}

/*
 * Between two members or items of `container`: what stands before the last one; of an object, what
 * stands before the last one that begins a line, for a long line is never what was meant.
 */
static struct piece space_between(const struct edit *edit, uint32_t container)
{
	const struct place *parent = &edit->places[container];
	struct piece found = {0};

	for (uint32_t at = parent->first; at != PLACE_NONE; at = edit->places[at].next) {
		struct piece space = space_before_place(edit, at);

		if (edit->places[at].index == 0 && !has_line_break(space))
			continue;
		if (!found.text || edit->text[parent->value] == '[' || has_line_break(space))
			found = space;
	}
	return found.text ? found : space_inline(edit);
}

/* The colon, with the white space around it, of the first member of `object` or of the text. */
static struct piece colon_of(const struct edit *edit, uint32_t object)
{
	uint32_t at = object == PLACE_NONE ? PLACE_NONE : edit->places[object].first;

	for (uint32_t i = 0; at == PLACE_NONE && i < edit->count; i++)
		if (edit->places[i].key != PLACE_NONE)
			at = i;
	if (at != PLACE_NONE && edit->places[at].key != PLACE_NONE) {
		const struct place *place = &edit->places[at];
		uint32_t from = place->key + key_size(edit, place);

		return (struct piece){edit->text + from, place->value - from};
	}
	return piece_of(": ");
}

/* --- changing --------------------------------------------------------------------------------- */

/* A text that grows; `failed` where there was no memory. */
struct writer {
	char *text;
	size_t size;
	FILE *stream;
};

static int writer_begin(struct writer *writer)
{
	*writer = (struct writer){0};
	writer->stream = open_memstream(&writer->text, &writer->size);
	return writer->stream ? 0 : -ENOMEM;
}

static void put(struct writer *writer, struct piece piece)
{
	fwrite(piece.text, 1, piece.size, writer->stream);
}

static void put_text(struct writer *writer, const char *text)
{
	put(writer, piece_of(text));
}

/* What was written; NULL: no memory. */
static char *writer_end(struct writer *writer)
{
	bool failed = ferror(writer->stream);

	if (fclose(writer->stream) || failed) {
		free(writer->text);
		return NULL;
	}
	return writer->text;
}

/* Put `middle` in place of the bytes from `from` to `to`. */
static int splice(struct edit *edit, uint32_t from, uint32_t to, const char *middle)
{
	struct edit spliced;
	struct writer writer;
	char *text;
	int r = writer_begin(&writer);

	if (r < 0)
		return r;
	put(&writer, (struct piece){edit->text, from});
	put_text(&writer, middle);
	put(&writer, (struct piece){edit->text + to, edit->size - to});
	text = writer_end(&writer);
	if (!text)
		return -ENOMEM;
	r = edit_begin(text, writer.size, &spliced);
	free(text);
	if (r < 0)
		return r;
	edit_free(edit);
	*edit = spliced;
	return 0;
}

/* `piece`, then the key if there is one, then the value. */
static char *member_compose(const struct edit *edit, uint32_t object, const char *key,
			    const char *value, const struct piece *before)
{
	struct writer writer;

	if (writer_begin(&writer))
		return NULL;
	for (; before->text; before++)
		put(&writer, *before);
	if (key) {
		put_text(&writer, key);
		put(&writer, colon_of(edit, object));
	}
	put_text(&writer, value);
	return writer_end(&writer);
}

int edit_replace(struct edit *edit, uint32_t place, const char *key, const char *value)
{
	const struct place *old = &edit->places[place];
	static const struct piece nothing[] = {{NULL, 0}};
	_free_ char *text = member_compose(edit, old->parent, key, value, nothing);

	if (!text)
		return -ENOMEM;
	return splice(edit, key ? old->key : old->value, old->end, text);
}

/* The white space of an empty container is repeated, so that half of it can go again. */
int edit_append(struct edit *edit, uint32_t container, const char *key, const char *value)
{
	const struct place *parent = &edit->places[container];
	bool is_first = parent->first == PLACE_NONE;
	struct piece before[] = {
		piece_of(is_first ? "" : ","),
		is_first ? space_at_end(edit, container) : space_between(edit, container),
		{NULL, 0},
	};
	uint32_t at = is_first ? parent->value + 1 : edit->places[parent->last].end;
	_free_ char *text = member_compose(edit, container, key, value, before);

	return text ? splice(edit, at, at, text) : -ENOMEM;
}

/* The place of which this is the `next`. */
static uint32_t place_before(const struct edit *edit, uint32_t place)
{
	uint32_t at = edit->places[edit->places[place].parent].first;

	while (edit->places[at].next != place)
		at = edit->places[at].next;
	return at;
}

int edit_remove(struct edit *edit, uint32_t place)
{
	const struct place *old = &edit->places[place];

	if (old->index > 0)
		return splice(edit, edit->places[place_before(edit, place)].end, old->end, "");
	if (old->next != PLACE_NONE)
		return splice(edit, place_start(old), place_start(&edit->places[old->next]), "");
	return splice(edit, edit->places[old->parent].value + 1, old->end, "");
}

/* --- new objects and lists -------------------------------------------------------------------- */

/* How a container is laid out. */
struct layout {
	struct piece first, between, last, colon;
};

static struct layout layout_of(const struct edit *edit, uint32_t container)
{
	return (struct layout){
		.first = space_before_place(edit, edit->places[container].first),
		.between = space_between(edit, container),
		.last = space_at_end(edit, container),
		.colon = colon_of(edit, container),
	};
}

/* On one line, and an object's braces stand off if commas do. */
static struct layout layout_inline(const struct edit *edit, bool is_object)
{
	struct piece space = space_inline(edit);
	struct piece inside = is_object ? space : piece_of("");

	return (struct layout){inside, space, inside, colon_of(edit, PLACE_NONE)};
}

/* The last object in `container` that has members. */
static uint32_t model_find(const struct edit *edit, uint32_t container)
{
	uint32_t at = container == PLACE_NONE ? PLACE_NONE : edit->places[container].first;
	uint32_t found = PLACE_NONE;

	for (; at != PLACE_NONE; at = edit->places[at].next)
		if (edit->text[edit->places[at].value] == '{' &&
		    edit->places[at].first != PLACE_NONE)
			found = at;
	return found;
}

char *edit_compose(const struct edit *edit, uint32_t container, const char *const *keys,
		   const char *const *values, size_t count)
{
	uint32_t model = keys ? model_find(edit, container) : PLACE_NONE;
	struct layout layout =
		model == PLACE_NONE ? layout_inline(edit, keys) : layout_of(edit, model);
	struct writer writer;

	if (writer_begin(&writer))
		return NULL;
	put_text(&writer, keys ? "{" : "[");
	for (size_t i = 0; i < count; i++) {
		put_text(&writer, i ? "," : "");
		put(&writer, i ? layout.between : layout.first);
		if (keys) {
			put_text(&writer, keys[i]);
			put(&writer, layout.colon);
		}
		put_text(&writer, values[i]);
	}
	put(&writer, layout.last);
	put_text(&writer, keys ? "}" : "]");
	return writer_end(&writer);
}

/* The indentation of a line, without the line break. */
static struct piece indentation(struct piece space)
{
	const char *line = memrchr(space.text, '\n', space.size);

	return line ? (struct piece){line + 1, space.text + space.size - line - 1} : space;
}

char *edit_compose_root_list(const struct edit *edit, const char *value, bool lines)
{
	struct piece space = space_between(edit, 0), step;
	struct writer writer;

	if (!lines || !has_line_break(space))
		return edit_compose(edit, PLACE_NONE, NULL, &value, 1);
	step = indentation(space);
	if (!step.size)
		step = piece_of("  ");
	if (writer_begin(&writer))
		return NULL;
	put_text(&writer, "[");
	put(&writer, space);
	put(&writer, step);
	put_text(&writer, value);
	put(&writer, space);
	put_text(&writer, "]");
	return writer_end(&writer);
}

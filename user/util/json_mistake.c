/* SPDX-License-Identifier: GPL-2.0 */
/* json_mistake.c - look at what stands there, and at what stands before it. */
#include "util/json_mistake.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_SHOWN_MAX 40

struct spot {
	const char *text;
	size_t size;
	size_t here;	    /* what was not expected */
	size_t before;	    /* the last byte before it that is no blank; SIZE_MAX: there is none */
	unsigned int depth; /* of lists and objects that are open here */
	char *ret;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char at(const struct spot *spot, size_t offset)
{
	return offset < spot->size ? spot->text[offset] : '\0';
}

static const char *say(const struct spot *spot, const char *words)
{
	snprintf(spot->ret, JSON_MISTAKE_MAX, "%s", words);
	return spot->ret;
}

/* Strings are passed over; what is open counts. */
static unsigned int depth_find(const char *text, size_t end)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < end; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr("{[", text[i]))
			depth++;
		else if (!quoted && strchr("}]", text[i]) && depth)
			depth--;
	}
	return depth;
}

static const char *comment_find(struct spot *spot)
{
	if (at(spot, spot->here) != '#' &&
	    (at(spot, spot->here) != '/' || !strchr("/*", at(spot, spot->here + 1))))
		return NULL;
	return say(spot, "a comment, which JSON does not have: take it out");
}

/* The mistake is the comma, not what comes after it. */
static const char *trailing_comma_find(struct spot *spot)
{
	if (at(spot, spot->before) != ',' || !strchr("}]", at(spot, spot->here)) ||
	    !at(spot, spot->here))
		return NULL;
	spot->here = spot->before;
	return say(spot, "a trailing comma: nothing comes after it, so take it out");
}

static bool begins_value(char c)
{
	return c && (strchr("\"{[-", c) || isalnum((unsigned char)c));
}

static bool ends_value(char c)
{
	return c && (strchr("\"}]", c) || isalnum((unsigned char)c));
}

static const char *word_find(struct spot *spot)
{
	char word[WORD_SHOWN_MAX + 1];
	size_t length = 0;

	while (length < WORD_SHOWN_MAX &&
	       (isalnum((unsigned char)at(spot, spot->here + length)) ||
		strchr("_-.", at(spot, spot->here + length))) &&
	       at(spot, spot->here + length))
		length++;
	if (!length || !isalpha((unsigned char)at(spot, spot->here)))
		return NULL;
	snprintf(word, sizeof(word), "%.*s", (int)length, spot->text + spot->here);
	if (!strcasecmp(word, "true") || !strcasecmp(word, "false") || !strcasecmp(word, "null"))
		return say(spot, "true, false and null are written in small letters");
	snprintf(spot->ret, JSON_MISTAKE_MAX, "words stand in double quotes: \"%s\"", word);
	return spot->ret;
}

static const char *quote_find(struct spot *spot)
{
	return at(spot, spot->here) == '\''
		       ? say(spot, "text stands in double quotes (\"), not in single ones (')")
		       : NULL;
}

/* Between a value and the next one, or between a key and its value. */
static const char *between_find(struct spot *spot, const char *expected)
{
	char c = at(spot, spot->here);

	if (strstr(expected, "':' expected"))
		return say(spot, c == '=' ? "between key and value stands a colon (:), not ="
					  : "a colon (:) is missing before this");
	if (c == ';')
		return say(spot, "between two values stands a comma (,), not a semicolon");
	if (strstr(expected, "end of file expected"))
		return say(spot, "the file should end before this: a brace is closed too early, or "
				 "this is left over");
	if (!begins_value(c) || spot->before == SIZE_MAX || !ends_value(at(spot, spot->before)))
		return NULL;
	return say(spot, "a comma (,) is missing before this");
}

static const char *end_find(struct spot *spot)
{
	if (spot->here < spot->size)
		return NULL;
	if (spot->before == SIZE_MAX)
		return say(spot, "the file is empty");
	snprintf(spot->ret, JSON_MISTAKE_MAX, "the file ends before %u brace%s or bracket%s closed",
		 spot->depth, spot->depth == 1 ? "" : "s", spot->depth == 1 ? " is" : "s are");
	return spot->depth ? spot->ret : NULL;
}

static const char *string_find(struct spot *spot, const char *expected)
{
	return strstr(expected, "unexpected newline")
		       ? say(spot,
			     "a string is not closed on its line: a double quote (\") is missing")
		       : NULL;
}

const char *json_mistake(const char *text, size_t size, const char *expected, size_t *offset,
			 char ret[JSON_MISTAKE_MAX])
{
	struct spot spot = {text, size, *offset, SIZE_MAX, 0, ret};
	const char *found;

	for (size_t i = 0; i < *offset && i < size; i++)
		if (!is_blank(text[i]))
			spot.before = i;
	spot.depth = depth_find(text, *offset < size ? *offset : size);
	found = string_find(&spot, expected);
	if (!found)
		found = end_find(&spot);
	if (!found)
		found = comment_find(&spot);
	if (!found)
		found = trailing_comma_find(&spot);
	if (!found)
		found = quote_find(&spot);
	if (!found)
		found = between_find(&spot, expected);
	if (!found)
		found = word_find(&spot);
	*offset = spot.here;
	return found;
}

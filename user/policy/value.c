/* SPDX-License-Identifier: GPL-2.0 */
/* value.c - typed reading of JSON values. */
#include "policy/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SHOWN_MAX 80

struct value value_root(const struct document *document)
{
	return (struct value){at_value(document, 0), document->root};
}

static const char *type_name(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "a number";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

static int type_refuse(const struct value *value, const char *noun, const char *wanted,
		       struct error *ret_error)
{
	error_at(ret_error, &value->at, "%s must be %s, not %s", noun, wanted,
		 type_name(value->json));
	return -EINVAL;
}

bool error_hint_guess(struct error *ret_error, const struct guess *guess)
{
	if (!guess->best)
		return false;
	error_hint(ret_error, "did you mean \"%s\"?", guess->best);
	return true;
}

/* --- objects and lists ------------------------------------------------------------------------ */

static int key_refuse(const struct at *at, const char *noun, const char *key,
		      const struct field *fields, struct error *ret_error)
{
	struct guess guess = guess_begin(key);
	char known[400] = "";

	error_at(ret_error, at, "%s has no key \"%.80s\"", noun, key);
	for (; fields->key; fields++) {
		size_t used = strlen(known);

		guess_consider(&guess, fields->key);
		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", fields->key);
	}
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "its keys are: %s", known);
	return -EINVAL;
}

struct fields_reader {
	const char *noun;
	const struct field *fields;
	void *into;
};

static int field_read(const char *key, const struct value *value, void *into,
		      struct error *ret_error)
{
	const struct fields_reader *reader = into;
	struct at at = at_key(&value->at);

	for (const struct field *field = reader->fields; field->key; field++)
		if (!strcmp(field->key, key))
			return field->read(value, reader->into, ret_error);
	return key_refuse(&at, reader->noun, key, reader->fields, ret_error);
}

int value_read_fields(const struct value *value, const char *noun, const struct field *fields,
		      void *into, struct error *ret_error)
{
	struct fields_reader reader = {noun, fields, into};
	int r = value_read_members(value, noun, field_read, &reader, ret_error);

	if (r < 0)
		return r;
	for (const struct field *field = fields; field->key; field++)
		if (field->required && !json_object_get(value->json, field->key))
			return error_at(ret_error, &value->at, "%s lacks the key \"%s\"", noun,
					field->key);
	return 0;
}

int value_read_members(const struct value *value, const char *noun, member_read_fn read, void *into,
		       struct error *ret_error)
{
	const struct document *document = value->at.document;
	uint32_t place = document->places[value->at.place].first;
	const char *key;
	json_t *json;
	int result = 0;

	if (!json_is_object(value->json))
		return type_refuse(value, noun, "an object", ret_error);
	/* jansson keeps the order of insertion, which is that of the text and so of the places. */
	json_object_foreach (value->json, key, json) {
		struct value member = {at_value(document, place), json};
		int r = read(key, &member, into, ret_error);

		if (r < 0 && !error_keep(ret_error, r))
			return r;
		result = r < 0 ? r : result;
		place = document->places[place].next;
	}
	return result;
}

int value_read_items(const struct value *value, const char *noun, item_read_fn read, void *into,
		     struct error *ret_error)
{
	const struct document *document = value->at.document;
	uint32_t place = document->places[value->at.place].first;
	json_t *json;
	size_t index;
	int result = 0;

	if (!json_is_array(value->json))
		return type_refuse(value, noun, "a list", ret_error);
	json_array_foreach (value->json, index, json) {
		struct value item = {at_value(document, place), json};
		int r = read(&item, into, ret_error);

		if (r < 0 && !error_keep(ret_error, r))
			return r;
		result = r < 0 ? r : result;
		place = document->places[place].next;
	}
	return result;
}

/* --- single values ---------------------------------------------------------------------------- */

int value_get_string(const struct value *value, const char *noun, const char **ret,
		     struct error *ret_error)
{
	if (!json_is_string(value->json))
		return type_refuse(value, noun, "a string", ret_error);
	if (json_string_length(value->json) == 0) {
		error_at(ret_error, &value->at, "%s is empty", noun);
		return -EINVAL;
	}
	*ret = json_string_value(value->json);
	return 0;
}

int value_get_integer(const struct value *value, const char *noun, int min, int max, int *ret,
		      struct error *ret_error)
{
	json_int_t number;

	if (!json_is_integer(value->json))
		return type_refuse(value, noun, "a whole number", ret_error);
	number = json_integer_value(value->json);
	if (number < min || number > max)
		return error_at(ret_error, &value->at,
				"%s must be between %d and %d, not %" JSON_INTEGER_FORMAT, noun,
				min, max, number);
	*ret = number;
	return 0;
}

int value_get_bool(const struct value *value, const char *noun, bool *ret, struct error *ret_error)
{
	if (!json_is_boolean(value->json))
		return type_refuse(value, noun, "true or false", ret_error);
	*ret = json_is_true(value->json);
	return 0;
}

int word_refuse(const struct at *at, const char *noun, const char *word, const struct word *words,
		struct error *ret_error)
{
	struct guess guess = guess_begin(word);
	char known[400] = "";

	error_at(ret_error, at, "%s cannot be \"%.80s\"", noun, word);
	for (; words->word; words++) {
		size_t used = strlen(known);

		guess_consider(&guess, words->word);
		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", words->word);
	}
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "it can be: %s", known);
	return -EINVAL;
}

int value_get_word(const struct value *value, const char *noun, const struct word *words, int *ret,
		   struct error *ret_error)
{
	const char *text;
	int r = value_get_string(value, noun, &text, ret_error);

	if (r < 0)
		return r;
	for (const struct word *word = words; word->word; word++) {
		if (!strcmp(word->word, text)) {
			*ret = word->number;
			return 0;
		}
	}
	return word_refuse(&value->at, noun, text, words, ret_error);
}

static bool is_name(const char *text)
{
	return strspn(text, ".-") == 0 &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-")];
}

/* "MTA": a name but for its capitals. */
static bool lower_case_hint(const char *text, struct error *ret_error)
{
	char lower[TEXT_SHOWN_MAX + 1];
	size_t i;

	for (i = 0; i < TEXT_SHOWN_MAX && text[i]; i++)
		lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i];
	lower[i] = '\0';
	if (text[i] || !is_name(lower))
		return false;
	error_hint(ret_error, "did you mean \"%s\"?", lower);
	return true;
}

int value_get_name(const struct value *value, const char *noun, char *ret, size_t ret_size,
		   struct error *ret_error)
{
	const char *text;
	int r = value_get_string(value, noun, &text, ret_error);

	if (r < 0)
		return r;
	if (!is_name(text)) {
		r = error_at(ret_error, &value->at, "%s cannot be \"%.80s\"", noun, text);
		if (!lower_case_hint(text, ret_error))
			error_hint(ret_error,
				   "use lower-case letters, digits, \".\" and \"-\", and begin "
				   "with a letter or digit");
		return r;
	}
	if (strlen(text) >= ret_size)
		return error_at(ret_error, &value->at, "%s has more than %zu characters", noun,
				ret_size - 1);
	snprintf(ret, ret_size, "%s", text);
	return 0;
}

int version_read(const struct value *value, void *into, struct error *ret_error)
{
	int version = 0, r;

	r = value_get_integer(value, "the version", 0, 1 << 30, &version, ret_error);
	if (r < 0)
		return r;
	if (version != 1) {
		r = error_at(ret_error, &value->at, "version %d of this file is not understood",
			     version);
		error_hint(ret_error, "this rolewall understands version 1");
	}
	return r;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* sources.c - lists of addresses and networks. */
#include "policy/sources.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "policy/names.h"
#include "util/array.h"

struct sources_reader {
	struct source_list *into;
	uint8_t zone;
	bool *has_cluster; /* NULL: "@cluster" has no place here */
};

int source_read(const struct value *value, uint8_t zone, struct source_list *into,
		struct error *ret_error)
{
	struct source_model *source;
	const char *text;
	struct cidr cidr;
	int r;

	r = value_get_string(value, "the prefix", &text, ret_error);
	if (r < 0)
		return r;
	r = cidr_parse(text, &cidr, ret_error);
	if (r < 0) {
		error_place(ret_error, &value->at);
		return r;
	}
	source = array_append(&into->list, &into->count, sizeof(*source));
	if (!source)
		return error_set(ret_error, ENOMEM, "out of memory");
	*source = (struct source_model){value->at, cidr, zone};
	return 0;
}

static int sources_item_read(const struct value *value, void *into, struct error *ret_error)
{
	const struct sources_reader *reader = into;
	const char *text = json_string_value(value->json);

	if (reader->has_cluster && text && !strcmp(text, MODEL_CLUSTER)) {
		*reader->has_cluster = true;
		return 0;
	}
	return source_read(value, reader->zone, reader->into, ret_error);
}

int sources_read(const struct value *value, uint8_t zone, struct source_list *into,
		 bool *has_cluster, struct error *ret_error)
{
	struct sources_reader reader = {into, zone, has_cluster};

	return value_read_items(value, "a list of prefixes", sources_item_read, &reader, ret_error);
}

/* --- with sets among them --------------------------------------------------------------------- */

bool is_set_word(const char *text)
{
	return isalpha((unsigned char)text[0]) && !strpbrk(text, ":/");
}

struct mixed_reader {
	struct source_list *into;
	struct set_names *names;
};

int set_word_read(const struct value *value, const struct set_names *names, struct error *ret_error)
{
	static const struct name_words words = {"a list of sources", "the name of a set",
						"the set"};
	struct name_list list = {names->list, names->count, &words};
	struct name_model name = {.at = value->at};
	int r = value_get_name(value, words.item, name.name, sizeof(name.name), ret_error);

	return r < 0 ? r : name_add(&list, value, &name, ret_error);
}

static int mixed_item_read(const struct value *value, void *into, struct error *ret_error)
{
	const struct mixed_reader *reader = into;
	const char *text = json_string_value(value->json);

	if (text && is_set_word(text))
		return set_word_read(value, reader->names, ret_error);
	return source_read(value, 0, reader->into, ret_error);
}

int sources_or_sets_read(const struct value *value, struct source_list *into,
			 struct set_names *names, struct error *ret_error)
{
	struct mixed_reader reader = {into, names};

	return value_read_items(value, "a list of prefixes", mixed_item_read, &reader, ret_error);
}

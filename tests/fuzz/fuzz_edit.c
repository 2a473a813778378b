/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz_edit - any JSON text, changed at any place and changed back.
 *
 * Input: four bytes that choose the place, then the text. What is changed means what jansson makes of
 * the same change; what is changed back has the same bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "edit/text.h"

#define CHOICE 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "fuzz_edit: not true: %s\n", #condition);                  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static json_t *parse(const char *text, size_t size)
{
	return json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
}

/* The value that stands at `place`, in `root`. */
static json_t *json_at(const struct edit *edit, json_t *root, uint32_t place)
{
	const struct place *found = &edit->places[place];
	json_t *parent;
	void *member;

	if (found->parent == PLACE_NONE)
		return root;
	parent = json_at(edit, root, found->parent);
	if (json_is_array(parent))
		return json_array_get(parent, found->index);
	member = json_object_iter(parent);
	for (uint32_t i = 0; i < found->index; i++)
		member = json_object_iter_next(parent, member);
	return json_object_iter_value(member);
}

static void same_check(const struct edit *edit, const uint8_t *text, size_t size)
{
	CHECK(edit->size == size && !memcmp(edit->text, text, size));
}

static void append_check(struct edit *edit, uint32_t place, const uint8_t *text, size_t size)
{
	json_t *root = parse(edit->text, edit->size), *container, *found;
	bool is_object;

	while (!strchr("{[", edit->text[edit->places[place].value]))
		place = edit->places[place].parent;
	container = json_at(edit, root, place);
	is_object = json_is_object(container);
	if (is_object && json_object_get(container, "new")) {
		json_decref(root);
		return;
	}
	if (is_object)
		json_object_set_new(container, "new", json_true());
	else
		json_array_append_new(container, json_true());
	CHECK(edit_append(edit, place, is_object ? "\"new\"" : NULL, "true") == 0);
	found = parse(edit->text, edit->size);
	CHECK(found && json_equal(found, root));
	CHECK(!is_object || edit_find(edit, place, "new") == edit->places[place].last);
	CHECK(edit_remove(edit, edit->places[place].last) == 0);
	same_check(edit, text, size);
	json_decref(found);
	json_decref(root);
}

static void replace_check(struct edit *edit, uint32_t place, const uint8_t *text, size_t size)
{
	const struct place *found = &edit->places[place];
	char *old = strndup(edit->text + found->value, found->end - found->value);
	json_t *json;

	CHECK(edit_replace(edit, place, NULL, "[{}]") == 0);
	json = parse(edit->text, edit->size);
	CHECK(json);
	CHECK(edit_replace(edit, place, NULL, old) == 0);
	same_check(edit, text, size);
	json_decref(json);
	free(old);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct edit edit;
	uint32_t choice;
	json_t *root;

	if (size < CHOICE)
		return 0;
	memcpy(&choice, data, CHOICE);
	data += CHOICE;
	size -= CHOICE;
	/* jansson overlooks a NUL behind a number, and nowhere else. */
	root = memchr(data, '\0', size) ? NULL : parse((const char *)data, size);
	if (!root)
		return 0;
	CHECK(edit_begin((const char *)data, size, &edit) == 0);
	choice %= edit.count;
	append_check(&edit, choice, data, size);
	replace_check(&edit, choice, data, size);
	if (choice) {
		json_t *less;

		CHECK(edit_remove(&edit, choice) == 0);
		less = parse(edit.text, edit.size);
		CHECK(less);
		json_decref(less);
	}
	edit_free(&edit);
	json_decref(root);
	return 0;
}

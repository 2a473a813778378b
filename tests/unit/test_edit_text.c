/* SPDX-License-Identifier: GPL-2.0 */
/* A value goes into a JSON text and out of it again, and no other byte changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "edit/text.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "layouts.h"

#define _edit_ _cleanup_(edit_free)

static struct edit begin(const char *text)
{
	struct edit edit;

	assert_int_equal(edit_begin(text, strlen(text), &edit), 0);
	return edit;
}

/* --- examples --------------------------------------------------------------------------------- */

struct example {
	const char *before;
	const char *path; /* key of the root; NULL: the root itself */
	const char *key, *value;
	const char *after;
};

static const struct example appended[] = {
	{"{\"a\":1}", NULL, "\"b\"", "2", "{\"a\":1, \"b\":2}"},
	{"{\"a\":1,\"b\":2}", NULL, "\"c\"", "3", "{\"a\":1,\"b\":2,\"c\":3}"},
	{"{ \"a\" : 1 }", NULL, "\"b\"", "2", "{ \"a\" : 1, \"b\" : 2 }"},
	{"{\n  \"a\": 1\n}\n", NULL, "\"b\"", "2", "{\n  \"a\": 1,\n  \"b\": 2\n}\n"},
	{"{\r\n\t\"a\": 1\r\n}", NULL, "\"b\"", "2", "{\r\n\t\"a\": 1,\r\n\t\"b\": 2\r\n}"},
	{"{ \"a\": 1,\n  \"b\": 2, \"c\": 3 }", NULL, "\"d\"", "4",
	 "{ \"a\": 1,\n  \"b\": 2, \"c\": 3,\n  \"d\": 4 }"},
	{"{}", NULL, "\"a\"", "1", "{\"a\": 1}"},
	{"{ \"l\": [] }", "l", NULL, "1", "{ \"l\": [1] }"},
	{"{ \"l\": [ ] }", "l", NULL, "1", "{ \"l\": [ 1 ] }"},
	{"{ \"l\": [\"x\"] }", "l", NULL, "1", "{ \"l\": [\"x\", 1] }"},
	{"{\"l\":[1,2]}", "l", NULL, "3", "{\"l\":[1,2,3]}"},
	{"{ \"l\": [\n    1\n  ] }", "l", NULL, "2", "{ \"l\": [\n    1,\n    2\n  ] }"},
	{"{ \"\\u006c\": [1 , 2 ] }", "l", NULL, "3", "{ \"\\u006c\": [1 , 2, 3 ] }"},
};

static void what_is_added_looks_like_its_neighbours(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(appended); i++) {
		const struct example *example = &appended[i];
		_edit_ struct edit edit = begin(example->before);
		uint32_t at = example->path ? edit_find(&edit, 0, example->path) : 0;

		assert_int_not_equal(at, PLACE_NONE);
		assert_int_equal(edit_append(&edit, at, example->key, example->value), 0);
		assert_string_equal(edit.text, example->after);
		assert_int_equal(edit_remove(&edit, edit.places[at].last), 0);
		assert_string_equal(edit.text, example->before);
	}
}

static void a_new_object_is_laid_out_as_the_one_before_it(void **state)
{
	static const char *const examples[][2] = {
		{"{\"s\":[{\"a\":1,\"b\":2}]}", "{\"k\":1,\"l\":2}"},
		{"{ \"s\": [ { \"a\": 1, \"b\": 2 } ] }", "{ \"k\": 1, \"l\": 2 }"},
		{"{\n\t\"s\": [\n\t\t{\n\t\t\t\"a\": 1\n\t\t}\n\t]\n}",
		 "{\n\t\t\t\"k\": 1,\n\t\t\t\"l\": 2\n\t\t}"},
		{"{ \"s\": [ ] }", "{ \"k\": 1, \"l\": 2 }"},
		{"{\"s\":[],\"t\":1}", "{\"k\":1,\"l\":2}"},
	};
	static const char *const keys[] = {"\"k\"", "\"l\""}, *const values[] = {"1", "2"};

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		_edit_ struct edit edit = begin(examples[i][0]);
		_free_ char *text = edit_compose(&edit, edit_find(&edit, 0, "s"), keys, values, 2);

		assert_string_equal(text, examples[i][1]);
	}
}

static void a_new_list_has_lines_if_the_root_has(void **state)
{
	static const char *const examples[][2] = {
		{"{\"a\":1,\"b\":2}", "[7]"},
		{"{\n  \"a\": 1\n}", "[\n    7\n  ]"},
		{"{\r\n\t\"a\": 1\r\n}", "[\r\n\t\t7\r\n\t]"},
		{"{\n\"a\": 1\n}", "[\n  7\n]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		_edit_ struct edit edit = begin(examples[i][0]);
		_free_ char *lines = edit_compose_root_list(&edit, "7", true);
		_free_ char *line = edit_compose_root_list(&edit, "7", false);

		assert_string_equal(lines, examples[i][1]);
		assert_string_equal(line, "[7]");
	}
}

static void a_member_can_get_another_key(void **state)
{
	_edit_ struct edit edit = begin("{ \"a\": 1,  \"b\" : [2] }");

	assert_int_equal(edit_replace(&edit, edit_find(&edit, 0, "b"), "\"c\"", "3"), 0);
	assert_string_equal(edit.text, "{ \"a\": 1,  \"c\": 3 }");
	assert_int_equal(edit_find(&edit, 0, "b"), PLACE_NONE);
}

static void the_first_of_several_goes_without_a_hole(void **state)
{
	_edit_ struct edit edit = begin("[ 1, 2,\n 3 ]");

	assert_int_equal(edit_remove(&edit, 1), 0);
	assert_string_equal(edit.text, "[ 2,\n 3 ]");
	assert_int_equal(edit_remove(&edit, 2), 0);
	assert_string_equal(edit.text, "[ 2 ]");
	assert_int_equal(edit_remove(&edit, 1), 0);
	assert_string_equal(edit.text, "[ ]");
}

static void strings_are_read_as_they_are_meant(void **state)
{
	_edit_ struct edit edit = begin("[\"a\\u00e4\\n\", 1]");
	_free_ char *string = edit_string(&edit, 1), *number = edit_string(&edit, 2);

	assert_string_equal(string, "a\xc3\xa4\n");
	assert_null(number);
}

/* --- random documents ------------------------------------------------------------------------- */

#define DOCUMENTS 4000

static void space_write(FILE *out, size_t kind)
{
	fputs(space_random(kind), out);
}

static void value_write(FILE *out, size_t kind, int depth);

static void container_write(FILE *out, size_t kind, int depth, bool is_object)
{
	uint32_t count = random_below(5);

	fputc(is_object ? '{' : '[', out);
	for (uint32_t i = 0; i < count; i++) {
		space_write(out, kind);
		if (is_object) {
			fprintf(out, "\"%s%u\"", random_below(4) ? "key" : "\\\"{[,:\\\\", i);
			space_write(out, kind);
			fputc(':', out);
			space_write(out, kind);
		}
		value_write(out, kind, depth - 1);
		space_write(out, kind);
		if (i + 1 < count)
			fputc(',', out);
	}
	if (!count)
		space_write(out, kind);
	fputc(is_object ? '}' : ']', out);
}

static void value_write(FILE *out, size_t kind, int depth)
{
	static const char *const scalars[] = {
		"1",	   "-2.5e3", "true", "null", "\"\"", "\"]}\\\",:[{\"", "\"\\u0041\\\\\"",
		"\"x y\"",
	};

	if (depth > 0 && random_below(3))
		container_write(out, kind, depth, random_below(2));
	else
		fputs(scalars[random_below(ARRAY_SIZE(scalars))], out);
}

static char *document_make(void)
{
	char *text;
	size_t size, kind = layout_random();
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	space_write(out, kind);
	container_write(out, kind, 4, random_below(2));
	space_write(out, kind);
	assert_int_equal(fclose(out), 0);
	return text;
}

static json_t *parse(const struct edit *edit)
{
	json_error_t error;
	json_t *json = json_loadb(edit->text, edit->size, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s: %s", edit->text, error.text);
	return json;
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

static bool is_container(const struct edit *edit, uint32_t place)
{
	return strchr("{[", edit->text[edit->places[place].value]);
}

static uint32_t container_choose(const struct edit *edit)
{
	uint32_t at = random_below(edit->count);

	while (!is_container(edit, at))
		at--;
	return at;
}

static void assert_means(const struct edit *edit, json_t *wanted)
{
	json_t *found = parse(edit);

	if (!json_equal(found, wanted))
		fail_msg("%s\n is not\n%s", edit->text, json_dumps(wanted, 0));
	json_decref(found);
}

static void append_and_remove(struct edit *edit, const char *before)
{
	uint32_t at = container_choose(edit);
	bool is_object = edit->text[edit->places[at].value] == '{';
	json_t *root = parse(edit), *parent = json_at(edit, root, at);

	if (is_object)
		json_object_set_new(parent, "new", json_string("v"));
	else
		json_array_append_new(parent, json_string("v"));
	assert_int_equal(edit_append(edit, at, is_object ? "\"new\"" : NULL, "\"v\""), 0);
	assert_means(edit, root);
	json_decref(root);
	assert_int_equal(edit_remove(edit, edit->places[at].last), 0);
	assert_string_equal(edit->text, before);
}

static void replace_and_put_back(struct edit *edit, const char *before)
{
	uint32_t at = random_below(edit->count);
	_free_ char *old = strndup(edit->text + edit->places[at].value,
				   edit->places[at].end - edit->places[at].value);

	assert_int_equal(edit_replace(edit, at, NULL, "[\"other\"]"), 0);
	json_decref(parse(edit));
	assert_int_equal(edit_replace(edit, at, NULL, old), 0);
	assert_string_equal(edit->text, before);
}

static void remove_any(struct edit *edit)
{
	uint32_t at = random_below(edit->count);
	json_t *root, *parent;

	if (!at)
		return;
	root = parse(edit);
	parent = json_at(edit, root, edit->places[at].parent);
	if (json_is_array(parent)) {
		json_array_remove(parent, edit->places[at].index);
	} else {
		void *member = json_object_iter(parent);

		for (uint32_t i = 0; i < edit->places[at].index; i++)
			member = json_object_iter_next(parent, member);
		json_object_del(parent, json_object_iter_key(member));
	}
	assert_int_equal(edit_remove(edit, at), 0);
	assert_means(edit, root);
	json_decref(root);
}

static void an_edit_that_is_taken_back_leaves_the_same_bytes(void **state)
{
	for (int i = 0; i < DOCUMENTS; i++) {
		_free_ char *text = document_make();
		_edit_ struct edit edit = begin(text);

		append_and_remove(&edit, text);
		replace_and_put_back(&edit, text);
		remove_any(&edit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_looks_like_its_neighbours),
		cmocka_unit_test(a_new_object_is_laid_out_as_the_one_before_it),
		cmocka_unit_test(a_new_list_has_lines_if_the_root_has),
		cmocka_unit_test(a_member_can_get_another_key),
		cmocka_unit_test(the_first_of_several_goes_without_a_hole),
		cmocka_unit_test(strings_are_read_as_they_are_meant),
		cmocka_unit_test(an_edit_that_is_taken_back_leaves_the_same_bytes),
	};

	return cmocka_run_group_tests_name("edit text", tests, NULL, NULL);
}

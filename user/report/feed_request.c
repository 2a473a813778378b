/* SPDX-License-Identifier: GPL-2.0 */
/* feed_request.c - what a listener says, made and read. */
#include "report/feed.h"

#include <errno.h>
#include <string.h>

#include "util/array.h"
#include "util/clock.h"
#include "util/json_clean.h"

#define WORD(key)		     {#key, offsetof(struct feed_request, key)},
#define BULLETIN(NAME, key, seconds) WORD(key)
static const struct {
	const char *key;
	size_t at;
} words[] = {WORD(attempts) WORD(history) WORD(follow) FEED_BROADCASTS(BULLETIN)};

static json_t *filter_make(const struct filter *filter)
{
	static const char *const names[] = {"source", "port", "service", "reason", "since"};
	json_t *object = json_object();
	struct filter_words said;
	struct filter_text text;

	filter_print(filter, &text, &said);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *word = *filter_word(&said, names[i]);

		if (word)
			json_object_set_new(object, names[i], json_clean(word));
	}
	return object;
}

int feed_request_print(const struct feed_request *request, char *ret, size_t size)
{
	json_t *object = json_pack("{s:i}", "version", FEED_VERSION);
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (*(const bool *)((const char *)request + words[i].at))
			json_object_set_new(object, words[i].key, json_true());
	if (!filter_is_empty(&request->filter))
		json_object_set_new(object, "filter", filter_make(&request->filter));
	length = json_dumpb(object, ret, size, JSON_COMPACT);
	json_decref(object);
	if (!length || length + 2 > size)
		return -ENOSPC;
	memcpy(ret + length, "\n", 2);
	return (int)length + 1;
}

static int filter_read(const json_t *object, struct filter *ret)
{
	struct filter_words said = {0};
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return -EINVAL;
	json_object_foreach ((json_t *)object, key, value) {
		const char **word = filter_word(&said, key);

		if (!word || !json_is_string(value))
			return -EINVAL;
		*word = json_string_value(value);
	}
	return filter_parse(&said, wall_now(), ret, NULL);
}

static int word_read(const char *key, const json_t *value, struct feed_request *request)
{
	if (!strcmp(key, "version"))
		return json_integer_value(value) == FEED_VERSION ? 0 : -EINVAL;
	if (!strcmp(key, "filter"))
		return filter_read(value, &request->filter);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].key, key) && json_is_boolean(value)) {
			*(bool *)((char *)request + words[i].at) = json_is_true(value);
			return 0;
		}
	return -EINVAL;
}

int feed_request_parse(const char *line, struct feed_request *ret)
{
	json_t *object = json_loads(line, 0, NULL), *value;
	struct feed_request request = {0};
	int r = json_is_object(object) ? 0 : -EINVAL;
	const char *key;

	json_object_foreach (object, key, value)
		r = r ? r : word_read(key, value, &request);
	json_decref(object);
	if (!r)
		*ret = request;
	return r;
}

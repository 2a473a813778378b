/* SPDX-License-Identifier: GPL-2.0 */
/* root.c - files below a directory, and the two shapes of text that they have. */
#include "preflight/root.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/file.h"

#define FILE_BYTES_MAX (4 << 20)

bool root_is_this_system(const struct root *root)
{
	return !strcmp(root->path, "/");
}

const char *root_path(const struct root *root, const char *path, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s", root_is_this_system(root) ? "" : root->path, path);
	return ret;
}

char *root_read(const struct root *root, const char *path)
{
	char full[PATH_MAX];
	char *text = NULL;
	size_t size;

	if (file_read(root_path(root, path, full, sizeof(full)), FILE_BYTES_MAX, &text, &size,
		      NULL) < 0)
		return NULL;
	return text;
}

bool root_has(const struct root *root, const char *path)
{
	char full[PATH_MAX];

	return access(root_path(root, path, full, sizeof(full)), F_OK) == 0;
}

const char *root_line(const struct root *root, const char *path, char *ret, size_t size)
{
	_free_ char *text = root_read(root, path);

	snprintf(ret, size, "%.*s", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
	return ret;
}

bool text_next_line(const char **rest, struct text_line *ret)
{
	if (!*rest || !**rest)
		return false;
	ret->begin = *rest;
	ret->length = strcspn(*rest, "\n");
	*rest += ret->length + ((*rest)[ret->length] == '\n');
	return true;
}

static void quotes_strip(const char *value, size_t length, char *ret, size_t size)
{
	if (length >= 2 && strchr("\"'", value[0]) && value[length - 1] == value[0]) {
		value++;
		length -= 2;
	}
	snprintf(ret, size, "%.*s", (int)length, value);
}

const char *text_assignment(const char *text, const char *key, char *ret, size_t size)
{
	size_t length = strlen(key);
	struct text_line line;

	ret[0] = '\0';
	while (text_next_line(&text, &line)) {
		size_t end = line.length;

		if (end <= length || strncmp(line.begin, key, length) != 0 ||
		    line.begin[length] != '=')
			continue;
		while (end > length + 1 && strchr(" \t\r", line.begin[end - 1]))
			end--;
		quotes_strip(line.begin + length + 1, end - length - 1, ret, size);
	}
	return ret;
}
